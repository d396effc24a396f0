import { createAnswers } from '../api/answers.ts';
import { createCachedReply } from '../api/cached-reply.ts';
import type { Api } from '../api/context.ts';
import type { SseClients } from '../api/live/sse-clients.ts';
import { LogReaders } from '../api/logs/log-readers.ts';
import { createKeyCheck, requireKeyForReads } from '../api/plugins/auth.ts';
import { addCommonHeaders, commonHeaders } from '../api/plugins/headers.ts';
import { answerUnmatched } from '../api/plugins/method-not-allowed.ts';
import { describeApi } from '../api/plugins/openapi.ts';
import { createProvisioningErrorHandler } from '../api/problem.ts';
import { cacheRoutes } from '../api/routes/cache.ts';
import { cachedRoutes } from '../api/routes/cached-reads.ts';
import { engineRoutes } from '../api/routes/engines.ts';
import { eventRoutes } from '../api/routes/events.ts';
import { fleetRoutes } from '../api/routes/fleet.ts';
import { liveRoutes } from '../api/routes/live.ts';
import { logRoutes } from '../api/routes/logs.ts';
import { metricsRoutes } from '../api/routes/metrics.ts';
import { panelRoutes } from '../api/routes/panel.ts';
import { type ClusterState, probeRoutes } from '../api/routes/probes.ts';
import { sampleRoutes } from '../api/routes/samples.ts';
import { streamEventRoutes } from '../api/routes/stream-events.ts';
import { streamRoutes } from '../api/routes/streams.ts';
import { vpnRoutes } from '../api/routes/vpn.ts';
import { createServer } from '../api/server.ts';
import { EngineViews } from '../api/views.ts';
import type { Config } from '../config/config.ts';
import type { TimeSeries } from '../time-series/time-series.ts';
import type { Cluster } from './cluster.ts';
import type { Dependencies } from './dependencies.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Playback } from './playback.ts';
import type { Reconcilers } from './reconcilers.ts';
import type { Vpns } from './vpns.ts';

/** What the API is created from. */
export interface ApiParts {
  infrastructure: Infrastructure;
  engines: Engines;
  playback: Playback;
  vpns: Vpns;
  cluster: Cluster;
  reconcilers: Reconcilers;
  timeSeries: TimeSeries;
  sseClients: SseClients;
}

/** Creates the HTTP API: what all routes have in common, then the routes of each resource. */
export async function createApi(
  config: Config,
  { runtime, apiKey, version }: Dependencies,
  parts: ApiParts,
): Promise<Api> {
  const { sseClients, timeSeries, cluster } = parts;
  const { caches, clock, eventLog, log, metrics } = parts.infrastructure;
  const { registry, stats, breakers } = parts.engines;
  const { streams, figures, sessions } = parts.playback;
  const { state: vpnState } = parts.vpns;
  const { provisioner, scaler, replacer } = parts.reconcilers;
  const isReservedLabel = (name: string) =>
    name === config.containerLabel.name || name.startsWith('roundhouse.');
  const headers = commonHeaders(config.corsOrigin);
  const checkKey = createKeyCheck(apiKey);
  const views = new EngineViews(registry, streams, figures);
  const reply = createCachedReply(headers);
  const answers = createAnswers({
    cache: caches.stats,
    config,
    engineVariant: runtime.variant,
    registry,
    stats,
    breaker: breakers.general,
    views,
    streams,
    provisioner,
    vpnState,
  });
  const api = createServer(log, headers);
  answerUnmatched(api);
  addCommonHeaders(api, headers, config.corsOrigin);
  await describeApi(api, version);
  if (config.authReads) requireKeyForReads(api, checkKey);
  cachedRoutes(api, answers, reply, registry);
  vpnRoutes(api, { answer: answers.vpn, reply, vpnState });
  engineRoutes(api, {
    registry,
    provisioner,
    views,
    checkKey,
    isReservedLabel,
    handleProvisioningError: createProvisioningErrorHandler(log),
  });
  logRoutes(api, { registry, runtime, readers: new LogReaders(clock), checkKey, headers });
  fleetRoutes(api, { registry, scaler, replacer, breakers, config, checkKey });
  streamRoutes(api, { streams, figures, sessions, views, checkKey, log });
  streamEventRoutes(api, { streams, registry, views, checkKey });
  sampleRoutes(api, timeSeries);
  cacheRoutes(api, caches, metrics.loadTimes, checkKey);
  liveRoutes(api, sseClients, headers);
  metricsRoutes(api, metrics);
  eventRoutes(api, eventLog);
  await panelRoutes(api);
  probeRoutes(api, {
    registry,
    eventLog,
    cluster: () => toClusterState(cluster),
    runtimeName: runtime.name,
    version,
    startedMs: performance.now(),
  });
  return api;
}

function toClusterState({ state }: Cluster): ClusterState | null {
  if (!state) return null;
  const { redisConnected, leading } = state();
  return { redis: redisConnected ? 'connected' : 'away', leading };
}
