import type { Leadership } from '../cluster/leadership.ts';
import type { Config } from '../config/config.ts';
import { configuredVpns } from '../config/vpns.ts';
import { VpnFleet } from '../vpn/fleet.ts';
import { createVpn } from '../vpn/vpn.ts';
import { VpnWatch } from '../vpn/watch.ts';
import type { Dependencies } from './dependencies.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The VPNs: how they are, and their restart where they stay unhealthy. */
export function createVpns(
  config: Config,
  containers: Dependencies['vpnContainers'],
  { bus, caches, clock, log, metrics }: Infrastructure,
  leadership: Leadership,
  onSeen: () => void,
) {
  const vpnOptions = {
    containers,
    controlPort: config.gluetunApiPort,
    apiKey: config.gluetunApiKey ?? undefined,
    factTtlS: config.gluetunPortCacheTtlS,
    cache: caches.results,
    clock,
    onError: (err: unknown) => log.warn({ err }, "a VPN's control server does not answer"),
    onControlCall: metrics.recordVpnCall,
  };
  const fleet = new VpnFleet({
    vpns: configuredVpns(config).map((naming) => createVpn(naming, vpnOptions)),
    clock,
    onEmergency: ({ failed: failedVpn, healthy: healthyVpn }, active) =>
      bus.publish({ type: 'vpn_emergency', active, failedVpn, healthyVpn }),
  });
  const watch = new VpnWatch({
    fleet,
    containers,
    intervalS: config.gluetunHealthCheckIntervalS,
    restartAfterS: config.vpnUnhealthyRestartTimeoutS,
    clock,
    mayAct: () => leadership.leading,
    onSeen,
    onChange: (vpn, { connected }) => bus.publish({ type: 'vpn_changed', vpn, connected }),
    onRestart: (vpn) => {
      log.warn({ vpn }, 'a VPN stays unhealthy: its container is restarted');
      bus.publish({ type: 'vpn_restarted', vpn });
    },
    onError: (err, vpn) => log.warn({ err, vpn }, 'a VPN could not be looked at or restarted'),
  });
  return { fleet, watch };
}
