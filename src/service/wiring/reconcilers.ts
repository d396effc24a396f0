import { isCustomVariant } from '../api/schemas/custom-variant.ts';
import { SettingsExchange } from '../cluster/settings-exchange.ts';
import type { Config } from '../config/config.ts';
import { CAPACITY_ETA_S } from '../engines/blocked.ts';
import { toCustomEngine } from '../engines/custom-variant.ts';
import { CustomVariantStore } from '../engines/custom-variant-store.ts';
import { ForwardedPorts } from '../engines/forwarding.ts';
import { placementsFor } from '../engines/placement.ts';
import { PortPool } from '../engines/ports.ts';
import { Provisioner, type ProvisioningVpn, portsInUse } from '../engines/provisioner.ts';
import { Replacer } from '../engines/replacer.ts';
import { Reprovisioner } from '../engines/reprovisioner.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import { Scaler } from '../engines/scaler.ts';
import { VpnFailover } from '../engines/vpn-failover.ts';
import type { Streams } from '../streams/streams.ts';
import { connectivityOf } from '../vpn/state.ts';
import type { Cluster } from './cluster.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Vpns } from './vpns.ts';

/** The provisioner and everything that starts, removes, replaces and moves engines through it. */
export type Reconcilers = ReturnType<typeof createReconcilers>;

/** What the reconcilers are created from. */
export interface ReconcilersParts {
  runtime: EngineRuntime;
  /** Whether engines are attached to the networks of VPN containers. */
  usesVpnContainers: boolean;
  engines: Engines;
  streams: Streams;
  vpns: Vpns;
  cluster: Cluster;
}

/** Creates what acts on the engines. Only the leading orchestrator acts on its own. */
export function createReconcilers(config: Config, parts: ReconcilersParts, infrastructure: Infrastructure) {
  const { runtime, streams, cluster } = parts;
  const { fleet, state: vpnState } = parts.vpns;
  const { bus, clock, link, log } = infrastructure;
  const { registry, breakers } = parts.engines;
  // A command without a placeholder for the port cannot pass it to the engine.
  const takesPort = config.engineCommand === null || config.engineCommand.includes('{p2p_port}');
  const readVpn = async (): Promise<ProvisioningVpn> => {
    const state = await vpnState.get();
    const connectivity = connectivityOf(state);
    if (!connectivity.enabled || !parts.usesVpnContainers) return connectivity;
    const vpns = state.vpns.map(({ name, connected, forwardedPort }) => ({
      container: name,
      connected,
      forwardedPort,
    }));
    return { ...connectivity, placements: placementsFor(vpns, config.portRange, takesPort) };
  };
  const customVariants = new CustomVariantStore(config.dataDir, isCustomVariant);
  const onError = (err: unknown) => log.warn({ err }, 'could not share the settings of engines');
  const settingsExchange = link && new SettingsExchange({ link, settings: customVariants, onError });
  const provisioner = new Provisioner({
    runtime,
    registry,
    breaker: breakers.general,
    bus,
    clock,
    ports: new PortPool(config.portRange, () => portsInUse(registry, runtime)),
    get maxReplicas() {
      return config.maxReplicas;
    },
    get capacityEtaS() {
      return config.autoDelete ? Math.max(1, config.gracePeriodS) : CAPACITY_ETA_S;
    },
    reservations: cluster.reservations,
    readCustom: () => toCustomEngine(customVariants.config),
    readVpn,
  });
  const mayAct = () => cluster.leadership.leading;
  const failover = new VpnFailover({
    registry,
    vpns: () => fleet.snapshots,
    mayAct,
    remove: (id) => provisioner.remove(id),
    onLoss: ({ id, vpnContainer }, reason) =>
      log.warn({ engine: id, vpn: vpnContainer, reason }, 'removing an engine that lost its VPN'),
    onError: (err) => log.warn({ err }, 'could not remove an engine that lost its VPN'),
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
    onError: (err) => log.warn({ err }, 'could not start an engine for the forwarded port of a VPN'),
  });
  // Read at each use, because settings can change.
  const limits = {
    get minReplicas() {
      return config.minReplicas;
    },
    get maxReplicas() {
      return config.maxReplicas;
    },
    get minFree() {
      return config.minFreeReplicas;
    },
    get autoDelete() {
      return config.autoDelete;
    },
    get graceMs() {
      return config.gracePeriodS * 1000;
    },
  };
  const usedEngines = () => streams.counts().engineIds;
  const scaler = new Scaler({
    registry,
    provisioner,
    clock,
    limits,
    get intervalS() {
      return config.autoscaleIntervalS;
    },
    usedEngines,
    mayAct,
    hasAllStreams: () => cluster.hasAllStreams(),
    onError: (err) => log.warn({ err }, 'could not scale to the required number of engines'),
  });
  const replacer = new Replacer({
    registry,
    provisioner,
    breaker: breakers.replacement,
    clock,
    limits,
    get graceMs() {
      return limits.graceMs;
    },
    startupTimeoutMs: config.startupTimeoutS * 1000,
    usedEngines,
    mayAct,
    onError: (err) => log.warn({ err }, 'could not replace an unhealthy engine'),
  });
  const reprovisioner = new Reprovisioner({
    registry,
    provisioner,
    bus,
    clock,
    isIdle: (id) => streams.ofEngine(id).length === 0,
    startupTimeoutMs: config.startupTimeoutS * 1000,
  });
  return {
    provisioner,
    scaler,
    replacer,
    customVariants,
    reprovisioner,
    /** Reads the settings of engines. Settings that cannot be read are logged, and the defaults apply. */
    async restore() {
      await customVariants.load().catch((err) => log.warn({ err }, 'could not read the settings of engines'));
    },
    /**
     * Removes engines that lost their VPN, and assigns forwarded ports. Call it after each check of a VPN.
     */
    reconcileVpns() {
      failover.reconcile();
      if (takesPort) forwardedPorts.reconcile();
    },
    /** Begins to scale and to replace. */
    start() {
      settingsExchange?.start();
      scaler.start(bus);
      replacer.start(bus);
    },
    /** Ends all of it. */
    stop() {
      settingsExchange?.close();
      scaler.stop();
      replacer.stop();
      reprovisioner.stop();
      failover.stop();
      forwardedPorts.stop();
    },
  };
}
