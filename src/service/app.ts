import type { LoadingCache } from '../library/cache/index.ts';
import type { Answer } from './api/answers.ts';
import type { Api } from './api/context.ts';
import { SseClients } from './api/live/sse-clients.ts';
import { EngineViews } from './api/views.ts';
import { ALONE, Election } from './cluster/leadership.ts';
import { StreamExchange } from './cluster/stream-exchange.ts';
import type { Config } from './config/config.ts';
import { restoreStreams } from './event-log/connect.ts';
import { knownVpns } from './metrics/vpn.ts';
import type { VpnStatus } from './vpn/status.ts';
import { createDomainAnswers } from './wiring/answers.ts';
import { createApi } from './wiring/api.ts';
import type { Dependencies } from './wiring/dependencies.ts';
import { createEngines } from './wiring/engines.ts';
import { createInfrastructure } from './wiring/infrastructure.ts';
import { createPlayback } from './wiring/playback.ts';
import { createReconcilers } from './wiring/reconcilers.ts';
import { createTimeSeries } from './wiring/time-series.ts';
import { createVpns } from './wiring/vpns.ts';

export type { Dependencies } from './wiring/dependencies.ts';

export interface App {
  readonly api: Api;
  readonly cache: LoadingCache;
  /** Begins to follow engines and the VPN. Listening is the caller's. */
  start(): void;
  /** Stops serving and following; the runtime is closed too. */
  close(): Promise<void>;
}

/** Puts everything together. The event log opens when the API becomes ready; all else waits for `start()`. */
export async function buildApp(config: Config, dependencies: Dependencies): Promise<App> {
  const { runtime, vpnContainers } = dependencies;
  const infrastructure = createInfrastructure(config, dependencies);
  const { bus, caches, clock, eventLog, log, metrics, notices, onLog, link } = infrastructure;
  const cache = caches.stats;

  const engines = createEngines(config, runtime, infrastructure);
  const { registry, health } = engines;
  const playback = createPlayback(config, registry, infrastructure);
  const { streams, figures, collector } = playback;
  const onError = (err: unknown) => log.debug({ err }, 'Redis has not done what it was asked for');
  const election = link && new Election({ link, bus, leaseS: config.leaderLeaseS, onError });
  const exchange = link && new StreamExchange({ link, bus, streams, onError });
  const leadership = election ?? ALONE;
  const knowsAllStreams = () => exchange?.isCurrent ?? true;
  const vpns = createVpns(config, vpnContainers, infrastructure, leadership, () =>
    reconcilers.considerVpns(),
  );
  const { fleet } = vpns;

  // /orchestrator/status, provisioning and /vpn/status share the one cached answer about the VPN.
  const readVpn = async () => {
    const { key, ttlS, load } = answers.vpn;
    return (await cache.getOrLoad(key, load, { ttlS })).value;
  };
  const usesVpnContainers = vpnContainers !== null;
  const reconcilers = createReconcilers(
    config,
    { runtime, usesVpnContainers, engines, streams, fleet, leadership, knowsAllStreams, readVpn },
    infrastructure,
  );
  const views = new EngineViews(registry, streams, figures);
  const { provisioner } = reconcilers;
  const answers = createDomainAnswers(config, {
    runtime,
    engines,
    views,
    streams,
    provisioner,
    fleet,
    readVpn,
  });

  const samples = createTimeSeries(config, engines, streams, infrastructure);
  const sseClients = new SseClients({ notices, clock, most: config.liveMaxClients });
  metrics.show({
    cacheTotals: () => cache.totals(),
    facts: () => ({
      runtimeAvailable: registry.available,
      engines: registry.list(),
      streams: streams.counts(),
      vpns: knownVpns(
        fleet.vpns.map(({ name }) => name),
        cache.peek<Answer<VpnStatus>>(answers.vpn.key)?.value.value,
        fleet.observations,
      ),
      minReplicas: config.minReplicas,
      liveClients: sseClients.size,
    }),
    samples: {
      startedIds: () => streams.started().map(({ id }) => id),
      current: (id) => figures.current(id),
      last: (id) => figures.history(id).at(-1) ?? null,
    },
    cluster:
      link &&
      (() => ({
        redisConnected: link.state === 'connected',
        leading: leadership.leading,
        redisTotals: caches.shared?.redisTotals() ?? {},
      })),
    bus,
  });

  const api = await createApi(config, dependencies, {
    infrastructure,
    engines,
    playback,
    reconcilers,
    views,
    answers,
    sseClients,
    readVpn,
    timeSeries: samples.timeSeries,
    leadership,
  });
  // Before the first request is served: a client's report about a stream must find it.
  api.addHook('onReady', async () => {
    eventLog.start();
    await samples.restore();
    await restoreStreams({ eventLog, bus, streams, engines: registry, onLog });
  });

  return {
    api,
    cache,
    start() {
      reconcilers.start();
      registry.start();
      exchange?.start();
      election?.start();
      collector.start();
      vpns.watch.start();
      samples.start();
    },
    async close() {
      reconcilers.stop();
      vpns.watch.stop();
      await api.close();
      exchange?.close();
      await election?.[Symbol.asyncDispose]();
      health.stop();
      collector.stop();
      await samples.stop();
      registry.stop();
      caches.stats.close();
      caches.results.close();
      link?.close();
      metrics.close();
      await eventLog.close();
      await runtime.close();
    },
  };
}
