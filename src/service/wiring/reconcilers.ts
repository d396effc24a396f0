import type { Leadership } from '../cluster/leadership.ts';
import type { Config } from '../config/config.ts';
import { ForwardedPorts } from '../engines/forwarding.ts';
import { placementsFor } from '../engines/placement.ts';
import { PortPool } from '../engines/ports.ts';
import { Provisioner, portsInUse } from '../engines/provisioner.ts';
import { Replacer } from '../engines/replacer.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import { Scaler } from '../engines/scaler.ts';
import { VpnFailover } from '../engines/vpn-failover.ts';
import type { Streams } from '../streams/streams.ts';
import type { VpnFleet } from '../vpn/fleet.ts';
import { type VpnStatus, vpnsIn } from '../vpn/status.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';

export type Reconcilers = ReturnType<typeof createReconcilers>;

/** What acts on the engines: starts, removes, replaces and moves them. */
export function createReconcilers(
  config: Config,
  parts: {
    runtime: EngineRuntime;
    /** Whether engines are put into the networks of VPN containers. */
    usesVpnContainers: boolean;
    engines: Engines;
    streams: Streams;
    fleet: VpnFleet;
    leadership: Leadership;
    hasAllStreams: () => boolean;
    readVpn: () => Promise<VpnStatus>;
  },
  { bus, clock, log }: Infrastructure,
) {
  const { runtime, streams, fleet, leadership, readVpn } = parts;
  const { registry, breakers } = parts.engines;
  // An engine whose command has no place for the port cannot take it.
  const takesPort = config.engineCommand === null || config.engineCommand.includes('{p2p_port}');
  const provisioner = new Provisioner({
    runtime,
    registry,
    breaker: breakers.general,
    bus,
    clock,
    ports: new PortPool(config.portRange, () => portsInUse(registry, runtime)),
    maxReplicas: config.maxReplicas,
    readVpn: async () => {
      const status = await readVpn();
      const { enabled, connected } = status;
      if (!enabled || !parts.usesVpnContainers) return { enabled, connected };
      return { enabled, connected, placements: placementsFor(vpnsIn(status), config.portRange, takesPort) };
    },
  });
  const mayAct = () => leadership.leading;
  const failover = new VpnFailover({
    registry,
    vpns: () => fleet.snapshots,
    mayAct,
    remove: (id) => provisioner.remove(id),
    onLoss: ({ id, vpnContainer }, reason) =>
      log.warn({ engine: id, vpn: vpnContainer, reason }, 'an engine has lost its VPN and is removed'),
    onError: (err) => log.warn({ err }, 'an engine that has lost its VPN could not be removed'),
  });
  const forwardedPorts = new ForwardedPorts({
    registry,
    clock,
    vpns: () => fleet.snapshots,
    provision: (vpn) => provisioner.provision({ vpn }),
    remove: (id) => provisioner.remove(id),
    assignments: () => provisioner.assignments,
    hasRoom: () => provisioner.count < config.maxReplicas,
    isIdle: (id) => streams.ofEngine(id).length === 0,
    mayAct,
    onError: (err) => log.warn({ err }, "no engine could be started for a VPN's forwarded port"),
  });
  const limits = {
    minReplicas: config.minReplicas,
    maxReplicas: config.maxReplicas,
    minFree: config.minFreeReplicas,
  };
  const graceMs = config.gracePeriodS * 1000;
  const usedEngines = () => streams.counts().engineIds;
  const scaler = new Scaler({
    registry,
    provisioner,
    clock,
    limits: { ...limits, autoDelete: config.autoDelete, graceMs },
    intervalS: config.autoscaleIntervalS,
    usedEngines,
    mayAct,
    hasAllStreams: parts.hasAllStreams,
    onError: (err) => log.warn({ err }, 'the number of engines could not be brought to what is wanted'),
  });
  const replacer = new Replacer({
    registry,
    provisioner,
    breaker: breakers.replacement,
    clock,
    limits,
    graceMs,
    startupTimeoutMs: config.startupTimeoutS * 1000,
    usedEngines,
    mayAct,
    onError: (err) => log.warn({ err }, 'an unhealthy engine could not be replaced'),
  });
  return {
    provisioner,
    scaler,
    replacer,
    /** Looks at what has become of the VPNs: engines that have lost theirs go, forwarded ports are taken up. */
    reconcileVpns() {
      failover.reconcile();
      if (takesPort) forwardedPorts.reconcile();
    },
    start() {
      scaler.start(bus);
      replacer.start(bus);
    },
    stop() {
      scaler.stop();
      replacer.stop();
      failover.stop();
      forwardedPorts.stop();
    },
  };
}
