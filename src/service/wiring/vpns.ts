import type { Leadership } from '../cluster/leadership.ts';
import type { Config } from '../config/config.ts';
import { configuredVpns } from '../config/vpns.ts';
import { VpnFleet } from '../vpn/fleet.ts';
import { VpnStateCache } from '../vpn/state-cache.ts';
import { VpnSupervisor } from '../vpn/supervisor.ts';
import { createVpn } from '../vpn/vpn.ts';
import type { Dependencies } from './dependencies.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The configured VPNs, and their cached state. */
export type Vpns = ReturnType<typeof createVpns>;

/** Creates the configured VPNs. Nothing is observed until their state is read or a supervisor starts. */
export function createVpns(
  config: Config,
  containers: Dependencies['vpnContainers'],
  { bus, caches, clock, log, metrics }: Infrastructure,
) {
  const options = {
    containers,
    controlPort: config.gluetunApiPort,
    apiKey: config.gluetunApiKey ?? undefined,
    factTtlS: config.gluetunPortCacheTtlS,
    cache: caches.results,
    clock,
    onError: (err: unknown) => log.warn({ err }, 'request to a VPN control server failed'),
    onControlCall: metrics.noteVpnCall,
  };
  const fleet = new VpnFleet({
    vpns: configuredVpns(config).map((settings) => createVpn(settings, options)),
    clock,
    onEmergency: ({ failed: failedVpn, healthy: healthyVpn }, active) =>
      bus.publish({ type: 'vpn_emergency', active, failedVpn, healthyVpn }),
  });
  const state = new VpnStateCache({ fleet, cache: caches.stats, ttlS: config.cacheTtlVpnStatusS });
  return { fleet, state };
}

/**
 * Creates the background checks of the VPNs.
 * @param onObservation called after every successful check, once its event has been published
 */
export function createVpnSupervisor(
  config: Config,
  parts: {
    containers: Dependencies['vpnContainers'];
    fleet: VpnFleet;
    leadership: Leadership;
    onObservation: () => void;
  },
  { bus, clock, log }: Infrastructure,
): VpnSupervisor {
  const { containers, fleet, leadership, onObservation } = parts;
  return new VpnSupervisor({
    fleet,
    containers,
    intervalS: config.gluetunHealthCheckIntervalS,
    restartAfterS: config.vpnUnhealthyRestartTimeoutS,
    clock,
    mayAct: () => leadership.leading,
    onObservation,
    onChange: (vpn, { connected }) => bus.publish({ type: 'vpn_changed', vpn, connected }),
    onRestart: (vpn) => {
      log.warn({ vpn }, 'restarting the container of a VPN that stays unhealthy');
      bus.publish({ type: 'vpn_restarted', vpn });
    },
    onError: (err, vpn) => log.warn({ err, vpn }, 'check or restart of a VPN failed'),
  });
}
