import type { Answers } from '../api/answers.ts';
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
import { probeRoutes } from '../api/routes/probes.ts';
import { sampleRoutes } from '../api/routes/samples.ts';
import { streamEventRoutes } from '../api/routes/stream-events.ts';
import { streamRoutes } from '../api/routes/streams.ts';
import { vpnRoutes } from '../api/routes/vpn.ts';
import { createServer } from '../api/server.ts';
import type { EngineViews } from '../api/views.ts';
import type { Leadership } from '../cluster/leadership.ts';
import type { Config } from '../config/config.ts';
import type { TimeSeries } from '../time-series/time-series.ts';
import type { VpnStatus } from '../vpn/status.ts';
import type { Dependencies } from './dependencies.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Playback } from './playback.ts';
import type { Reconcilers } from './reconcilers.ts';

/** The HTTP API: what is common to all routes, then a line for each resource. */
export async function createApi(
  config: Config,
  { runtime, apiKey, version }: Dependencies,
  parts: {
    infrastructure: Infrastructure;
    engines: Engines;
    playback: Playback;
    reconcilers: Reconcilers;
    views: EngineViews;
    answers: Answers;
    sseClients: SseClients;
    readVpn: () => Promise<VpnStatus>;
    timeSeries: TimeSeries;
    leadership: Leadership;
  },
): Promise<Api> {
  const { answers, views, sseClients, readVpn, timeSeries, leadership } = parts;
  const { caches, clock, eventLog, link, log, metrics } = parts.infrastructure;
  const { registry, breakers } = parts.engines;
  const { streams, figures, sessions } = parts.playback;
  const { provisioner, scaler, replacer } = parts.reconcilers;
  const isReservedLabel = (name: string) =>
    name === config.containerLabel.name || name.startsWith('roundhouse.');
  const headers = commonHeaders(config.corsOrigin);
  const checkKey = createKeyCheck(apiKey);
  const api = createServer(log, headers);
  answerUnmatched(api);
  addCommonHeaders(api, headers, config.corsOrigin);
  await describeApi(api, version);
  if (config.authReads) requireKeyForReads(api, checkKey);
  cachedRoutes(api, answers, createCachedReply(caches.stats, headers), registry);
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
  vpnRoutes(api, readVpn);
  streamRoutes(api, { streams, figures, sessions, views, checkKey, log });
  streamEventRoutes(api, { streams, registry, views, checkKey });
  sampleRoutes(api, timeSeries);
  cacheRoutes(api, caches, metrics.loadTimes, checkKey);
  liveRoutes(api, sseClients, headers);
  metricsRoutes(api, metrics);
  eventRoutes(api, eventLog);
  await panelRoutes(api);
  const cluster = () =>
    link &&
    ({ redis: link.state === 'connected' ? 'connected' : 'away', leading: leadership.leading } as const);
  const startedMs = performance.now();
  probeRoutes(api, { registry, eventLog, cluster, runtimeName: runtime.name, version, startedMs });
  return api;
}
