import type { FastifyBaseLogger } from 'fastify';
import { type Answer, createAnswers } from './api/answers.ts';
import { createCachedReply } from './api/cached-reply.ts';
import type { Api } from './api/context.ts';
import { Followers } from './api/live/followers.ts';
import { createKeyCheck, requireKeyForReads } from './api/plugins/auth.ts';
import { addCommonHeaders, commonHeaders } from './api/plugins/headers.ts';
import { answerUnmatched } from './api/plugins/method-not-allowed.ts';
import { describeApi } from './api/plugins/openapi.ts';
import { createProvisioningErrorHandler } from './api/problem.ts';
import { cacheRoutes } from './api/routes/cache.ts';
import { engineRoutes } from './api/routes/engines.ts';
import { eventRoutes } from './api/routes/events.ts';
import { fleetRoutes } from './api/routes/fleet.ts';
import { liveRoutes } from './api/routes/live.ts';
import { metricsRoutes } from './api/routes/metrics.ts';
import { panelRoutes } from './api/routes/panel.ts';
import { probeRoutes } from './api/routes/probes.ts';
import { cachedRoutes } from './api/routes/reads.ts';
import { streamEventRoutes } from './api/routes/stream-events.ts';
import { streamRoutes } from './api/routes/streams.ts';
import { vpnRoutes } from './api/routes/vpn.ts';
import { createServer } from './api/server.ts';
import { EngineViews } from './api/views.ts';
import { Cache, type Clock, createSystemClock } from './cache/index.ts';
import type { Config } from './config/config.ts';
import { configuredVpns } from './config/vpns.ts';
import { CircuitBreaker } from './engines/breaker.ts';
import { ForwardedPorts } from './engines/forwarding.ts';
import { HealthMonitor } from './engines/health.ts';
import { findEngineAt } from './engines/locate.ts';
import { placementsFor } from './engines/placement.ts';
import { PortPool } from './engines/ports.ts';
import { Provisioner, portsInUse } from './engines/provisioner.ts';
import { EngineRegistry } from './engines/registry.ts';
import { Replacer } from './engines/replacer.ts';
import type { EngineRuntime } from './engines/runtime.ts';
import { Scaler } from './engines/scaler.ts';
import { EngineStats } from './engines/stats.ts';
import { describeStatus } from './engines/status.ts';
import { VpnFailover } from './engines/vpn-failover.ts';
import { EventBus } from './events/events.ts';
import { connectInvalidation } from './events/invalidation.ts';
import { Notices } from './events/notices.ts';
import { keepEvents, keepStreams, restoreStreams } from './history/connect.ts';
import { History } from './history/history.ts';
import type { Report } from './history/records.ts';
import { Metrics } from './metrics/metrics.ts';
import { knownVpns } from './metrics/vpn.ts';
import { StreamCollector } from './streams/collector.ts';
import { StreamFigures } from './streams/figures.ts';
import { PlaybackSessions } from './streams/sessions.ts';
import { Streams } from './streams/streams.ts';
import type { VpnContainerRestarts, VpnContainers, VpnContainerWatch } from './vpn/containers.ts';
import { VpnFleet } from './vpn/fleet.ts';
import { createVpn } from './vpn/vpn.ts';
import { VpnWatch } from './vpn/watch.ts';
import { type VpnStatus, vpnsIn } from './vpn/wire.ts';

/** Notices remembered for clients that come back after a moment. */
const REMEMBERED_NOTICES = 1000;

/** What the application is put together from besides its settings. */
export interface Dependencies {
  runtime: EngineRuntime;
  /** Null where no Docker is there to look at the VPN's container. */
  vpnContainers: (VpnContainers & VpnContainerRestarts & VpnContainerWatch) | null;
  apiKey: string;
  version: string;
  logger: FastifyBaseLogger;
  clock?: Clock;
  /** Where calls to Docker have been noted; it is closed with the application. Default: one of its own. */
  metrics?: Metrics;
}

export interface App {
  readonly api: Api;
  readonly cache: Cache;
  /** Begins to follow engines and the VPN. Listening is the caller's. */
  start(): void;
  /** Stops serving and following; the runtime is closed too. */
  close(): Promise<void>;
}

/** Puts everything together. The history is opened when the API becomes ready, all else waits for `start()`. */
export async function buildApp(config: Config, dependencies: Dependencies): Promise<App> {
  const { runtime, vpnContainers, logger: log } = dependencies;
  const clock = dependencies.clock ?? createSystemClock();
  const metrics = dependencies.metrics ?? new Metrics(clock);
  const bus = new EventBus();
  const cache = new Cache({
    enabled: config.cacheEnabled,
    clock,
    maxEntries: config.cacheMaxEntries,
    maxBytes: config.cacheMaxBytes,
    loadTimeoutS: config.cacheLoadTimeoutS,
    staleIfErrorS: config.cacheStaleIfErrorS,
    watchS: config.cacheKeepWarm ? config.cacheWatchS : 0,
    sweepIntervalS: config.cacheSweepIntervalS,
    onError: (err, key) =>
      log.warn({ err, key }, 'an answer could not be loaded; the last good one stands in'),
    onLoad: metrics.noteLoad,
  });
  // First of all listeners: whoever hears of an event may read at once.
  connectInvalidation(bus, cache);
  const notices = new Notices(bus, REMEMBERED_NOTICES);
  bus.subscribe((event) => log.debug(event, 'event'));
  const report = ({ level, message }: Report) => log[level](message);
  const history = new History({
    dataDir: config.dataDir,
    maxEvents: config.historyMaxEvents,
    maxAgeS: config.historyMaxAgeS,
    report,
  });
  keepEvents(bus, history);

  // Engines
  const registry = new EngineRegistry({ runtime, bus, clock, monitorIntervalS: config.monitorIntervalS });
  const stats = new EngineStats(runtime, registry);
  const createBreaker = (name: 'general' | 'replacement') => {
    const breaker = new CircuitBreaker({
      clock,
      failureThreshold: config.breakerFailureThreshold,
      recoveryTimeoutS: config.breakerRecoveryTimeoutS,
      onChange: () => bus.publish({ type: 'breaker_changed', breaker: name, state: breaker.state }),
    });
    return breaker;
  };
  const breakers = { general: createBreaker('general'), replacement: createBreaker('replacement') };
  const health = new HealthMonitor({
    registry,
    clock,
    intervalS: config.healthCheckIntervalS,
    failureThreshold: config.healthFailureThreshold,
    startupTimeoutS: config.startupTimeoutS,
  });
  bus.subscribe((event) => {
    if (event.type === 'engine_started') health.follow(event.engineId);
    if (event.type === 'engine_stopped') health.forget(event.engineId);
    if ((event.type === 'stream_started' || event.type === 'stream_ended') && event.engineId !== null)
      registry.update(event.engineId, { lastStreamUsage: Date.now() });
  });

  // Streams
  const streams = new Streams(bus);
  keepStreams(bus, history, streams);
  const figures = new StreamFigures(bus, config.statsHistoryMax);
  const sessions = new PlaybackSessions(clock, (host, port) => {
    const engine = findEngineAt(registry.list(), host, port);
    return engine ? { host: engine.host, port: engine.ports.hostHttp } : null;
  });
  const collector = new StreamCollector({
    streams,
    figures,
    sessions,
    clock,
    intervalS: config.collectIntervalS,
    onError: (err, streamId) => log.warn({ err, streamId }, 'the figures of a stream are not known'),
  });

  // The VPNs
  const vpnOptions = {
    containers: vpnContainers,
    controlPort: config.gluetunApiPort,
    apiKey: config.gluetunApiKey ?? undefined,
    factTtlS: config.gluetunPortCacheTtlS,
    cache,
    clock,
    onError: (err: unknown) => log.warn({ err }, "a VPN's control server does not answer"),
    onControlCall: metrics.noteVpnCall,
  };
  const fleet = new VpnFleet({
    vpns: configuredVpns(config).map((naming) => createVpn(naming, vpnOptions)),
    clock,
    onEmergency: ({ failed: failedVpn, healthy: healthyVpn }, active) =>
      bus.publish({ type: 'vpn_emergency', active, failedVpn, healthyVpn }),
  });
  const vpnWatch = new VpnWatch({
    fleet,
    containers: vpnContainers,
    intervalS: config.gluetunHealthCheckIntervalS,
    restartAfterS: config.vpnUnhealthyRestartTimeoutS,
    clock,
    onSeen: () => {
      failover.consider();
      if (takesPort) forwardedPorts.consider();
    },
    onChange: (vpn, { connected }) => bus.publish({ type: 'vpn_changed', vpn, connected }),
    onRestart: (vpn) => {
      log.warn({ vpn }, 'a VPN stays unhealthy: its container is restarted');
      bus.publish({ type: 'vpn_restarted', vpn });
    },
    onError: (err, vpn) => log.warn({ err, vpn }, 'a VPN could not be looked at or restarted'),
  });

  // Answers: /orchestrator/status and provisioning share the one cached answer about the VPN.
  const readVpn = async () => {
    const { key, ttlS, load } = answers.vpn;
    return (await cache.getOrLoad(key, load, { ttlS })).value;
  };
  // An engine whose command has no place for the port cannot take it.
  const takesPort = config.engineCommand === null || config.engineCommand.includes('{p2p_port}');
  const provisioner = new Provisioner({
    runtime,
    registry,
    breaker: breakers.general,
    ports: new PortPool(config.portRange, () => portsInUse(registry, runtime)),
    maxReplicas: config.maxReplicas,
    readVpn: async () => {
      const status = await readVpn();
      const { enabled, connected } = status;
      if (!enabled || !vpnContainers) return { enabled, connected };
      return { enabled, connected, placements: placementsFor(vpnsIn(status), config.portRange, takesPort) };
    },
  });
  const failover = new VpnFailover({
    registry,
    vpns: () => fleet.runs,
    remove: (id) => provisioner.remove(id),
    onLoss: ({ id, vpnContainer }, reason) =>
      log.warn({ engine: id, vpn: vpnContainer, reason }, 'an engine has lost its VPN and is removed'),
    onError: (err) => log.warn({ err }, 'an engine that has lost its VPN could not be removed'),
  });
  const forwardedPorts = new ForwardedPorts({
    registry,
    clock,
    vpns: () => fleet.runs,
    provision: (vpn) => provisioner.provision({ vpn }),
    remove: (id) => provisioner.remove(id),
    placed: () => provisioner.placed,
    hasRoom: () => provisioner.count < config.maxReplicas,
    isIdle: (id) => streams.ofEngine(id).length === 0,
    onError: (err) => log.warn({ err }, "no engine could be started for a VPN's forwarded port"),
  });
  const views = new EngineViews(registry, streams, figures);
  const readStatus = async () => {
    registry.assertAvailable();
    const { enabled, connected, health: vpnHealth, container, forwarded_port } = await readVpn();
    return describeStatus({
      engines: registry.list(),
      streams: streams.counts(),
      vpn: { enabled, connected, health: vpnHealth, container, forwarded_port },
      breaker: breakers.general.snapshot(),
      blocked: provisioner.findBlock({ enabled, connected }),
      limits: config,
      config: {
        auto_delete: config.autoDelete,
        grace_period_s: config.gracePeriodS,
        engine_variant: runtime.variant,
        debug_mode: config.logLevel === 'debug' || config.logLevel === 'trace',
      },
      now: new Date(),
    });
  };
  const answers = createAnswers(
    {
      engines: () => views.list(),
      statsAll: (signal) => stats.all(signal),
      statsTotal: (signal) => stats.total(signal),
      statsOf: (id, signal) => stats.one(id, signal),
      status: readStatus,
      vpn: (signal) => fleet.readStatus(signal),
    },
    config,
  );
  const limits = {
    minReplicas: config.minReplicas,
    maxReplicas: config.maxReplicas,
    minFree: config.minFreeReplicas,
  };
  const usedEngines = () => streams.counts().engineIds;
  const scaler = new Scaler({
    registry,
    provisioner,
    clock,
    limits: { ...limits, autoDelete: config.autoDelete, graceMs: config.gracePeriodS * 1000 },
    intervalS: config.autoscaleIntervalS,
    usedEngines,
    onError: (err) => log.warn({ err }, 'the number of engines could not be brought to what is wanted'),
  });
  const replacer = new Replacer({
    registry,
    provisioner,
    breaker: breakers.replacement,
    clock,
    limits,
    graceMs: config.gracePeriodS * 1000,
    startupTimeoutMs: config.startupTimeoutS * 1000,
    usedEngines,
    onError: (err) => log.warn({ err }, 'an unhealthy engine could not be replaced'),
  });

  // What followers and monitors are told
  const followers = new Followers({ notices, clock, most: config.liveMaxClients });
  metrics.show({
    cacheTotals: () => cache.totals(),
    facts: () => ({
      runtimeAvailable: registry.available,
      engines: registry.list(),
      streams: streams.counts(),
      vpns: knownVpns(
        fleet.vpns.map(({ name }) => name),
        cache.peek<Answer<VpnStatus>>(answers.vpn.key)?.value.value,
        fleet.sights,
      ),
      minReplicas: config.minReplicas,
      liveClients: followers.size,
    }),
    samples: {
      startedIds: () => streams.started().map(({ id }) => id),
      current: (id) => figures.current(id),
      last: (id) => figures.history(id).at(-1) ?? null,
    },
    bus,
  });

  // HTTP
  const isReservedLabel = (name: string) =>
    name === config.containerLabel.name || name.startsWith('roundhouse.');
  const headers = commonHeaders(config.corsOrigin);
  const checkKey = createKeyCheck(dependencies.apiKey);
  const api = createServer(log, headers);
  answerUnmatched(api);
  addCommonHeaders(api, headers, config.corsOrigin);
  await describeApi(api, dependencies.version);
  if (config.authReads) requireKeyForReads(api, checkKey);
  cachedRoutes(api, answers, createCachedReply(cache, headers), registry);
  engineRoutes(api, {
    registry,
    provisioner,
    views,
    checkKey,
    isReservedLabel,
    handleProvisioningError: createProvisioningErrorHandler(log),
  });
  fleetRoutes(api, { registry, scaler, replacer, breakers, config, checkKey });
  vpnRoutes(api, readVpn);
  streamRoutes(api, { streams, figures, sessions, views, checkKey, log });
  streamEventRoutes(api, { streams, registry, views, checkKey });
  cacheRoutes(api, cache, checkKey);
  liveRoutes(api, followers, headers);
  metricsRoutes(api, metrics);
  eventRoutes(api, history);
  await panelRoutes(api);
  // Before the first request is served: a client's report about a stream must find it.
  api.addHook('onReady', async () => {
    history.start();
    await restoreStreams({ history, bus, streams, engines: registry, report });
  });
  probeRoutes(api, {
    registry,
    history,
    runtimeName: runtime.name,
    version: dependencies.version,
    startedMs: performance.now(),
  });

  return {
    api,
    cache,
    start() {
      scaler.start(bus);
      replacer.start(bus);
      registry.start();
      collector.start();
      vpnWatch.start();
    },
    async close() {
      scaler.stop();
      replacer.stop();
      failover.stop();
      forwardedPorts.stop();
      vpnWatch.stop();
      await api.close();
      health.stop();
      collector.stop();
      registry.stop();
      cache.close();
      metrics.close();
      await history.close();
      await runtime.close();
    },
  };
}
