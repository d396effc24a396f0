import { warmAnswers } from '../api/answer-warming.ts';
import { createAnswers } from '../api/answers.ts';
import { createAppAnswers } from '../api/app-answers.ts';
import { createCachedReply } from '../api/cached-reply.ts';
import { ClientReads } from '../api/client-reads.ts';
import { compressJson } from '../api/content-coding.ts';
import type { Api } from '../api/context.ts';
import type { SseClients } from '../api/live/sse-clients.ts';
import { LoginAttempts } from '../api/login-attempts.ts';
import { LogReaders } from '../api/logs/log-readers.ts';
import { allowHosts } from '../api/plugins/allowed-hosts.ts';
import { createKeyCheck, createKeyMatch, requireKeyForReads } from '../api/plugins/auth.ts';
import { addCommonHeaders, commonHeaders } from '../api/plugins/headers.ts';
import { answerUnmatched } from '../api/plugins/method-not-allowed.ts';
import { describeApi } from '../api/plugins/openapi.ts';
import { registerRoutes } from '../api/routes.ts';
import type { ClusterState } from '../api/schemas/health.ts';
import { createServer } from '../api/server.ts';
import { SessionForwarding } from '../api/session-forwarding.ts';
import { SessionTokens } from '../api/session-tokens.ts';
import { EngineViews } from '../api/views/engines.ts';
import { toTime } from '../api/views/time.ts';
import type { BrowserApps } from '../browser/browser-apps.ts';
import type { AppCluster } from '../browser/cluster/app-cluster.ts';
import { LogoutExchange } from '../cluster/logout-exchange.ts';
import type { Config } from '../config/config.ts';
import type { Settings } from '../config/settings-store.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { AppSeries } from '../time-series/app-series.ts';
import type { EngineSeries } from '../time-series/engine-series.ts';
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
  settings: Settings;
  infrastructure: Infrastructure;
  engines: Engines;
  playback: Playback;
  vpns: Vpns;
  cluster: Cluster;
  reconcilers: Reconcilers;
  browserApps: BrowserApps;
  notifications: Notifications;
  appCluster: AppCluster | null;
  timeSeries: TimeSeries;
  appSeries: AppSeries;
  engineSeries: EngineSeries;
  sseClients: SseClients;
}

/** Creates the HTTP API: what all routes have in common, then the routes. */
export async function createApi(
  config: Config,
  { runtime, apiKey, version, fallback = null }: Dependencies,
  parts: ApiParts,
): Promise<Api> {
  const { appSeries, browserApps, appCluster, engineSeries, notifications, sseClients, timeSeries, cluster } =
    parts;
  const { bus, caches, clock, eventLog, link, log, metrics } = parts.infrastructure;
  const { registry, usage, breakers } = parts.engines;
  const { streams, samples, sessions, readContent } = parts.playback;
  const { state: vpnState } = parts.vpns;
  const { provisioner, scaler, replacer, customVariants, reprovisioner } = parts.reconcilers;
  const isReservedLabel = (name: string) =>
    name === config.containerLabel.name || name.startsWith('roundhouse.');
  const headers = commonHeaders(config.corsOrigin);
  const clientReads = new ClientReads();
  const isKey = createKeyMatch(apiKey);
  const tokens = new SessionTokens({
    apiKey,
    dataDir: config.dataDir,
    now: Date.now,
    onError: (message) => log.warn(message),
  });
  const checkKey = createKeyCheck(isKey, tokens);
  const views = new EngineViews(registry, streams, samples, config.containerLabel);
  const answers = createAnswers({
    cache: caches.stats,
    config,
    runtime,
    registry,
    stats: usage,
    breaker: breakers.general,
    views,
    streams,
    provisioner,
    vpnState,
  });
  const api = createServer(log, headers, config.basePath);
  if (link) {
    const onError = (err: unknown) => log.debug({ err }, 'could not exchange who has logged out');
    const logouts = new LogoutExchange({ link, tokens, onError });
    api.addHook('onReady', async () => logouts.start());
    api.addHook('onClose', async () => logouts.close());
  }
  api.addHook('onClose', () => tokens.close());
  if (config.cacheEnabled && config.cacheWarmOnStart) {
    const forS = config.cacheKeepWarm ? config.cacheRefreshAheadS : 0;
    const onError = (err: unknown) => log.debug({ err }, 'could not load an answer at the start');
    const stopWarming = warmAnswers(answers, { bus, clock, forS, onError });
    api.addHook('onClose', async () => stopWarming());
  }
  answerUnmatched(api);
  addCommonHeaders(api, headers, config.corsOrigin);
  const ownHost = config.clusterUrl === null ? [] : [new URL(config.clusterUrl).hostname];
  allowHosts(api, [...config.allowedHosts, ...ownHost]);
  compressJson(api);
  await describeApi(api, version, config.basePath);
  if (config.authReads) requireKeyForReads(api, checkKey, `${config.basePath}/panel/`);
  const forwarding = new SessionForwarding({ cluster: appCluster, sessions: browserApps.sessions, apiKey });
  api.addHook('preClose', () => forwarding.close());
  await registerRoutes(api, {
    forwardSession: forwarding.forward,
    answers,
    browserApps,
    appAnswers: createAppAnswers(caches.results, browserApps),
    cachedReply: createCachedReply(headers, clientReads),
    clientReads,
    caches,
    loadTimes: metrics.loadTimes,
    checkKey,
    isKey,
    loginAttempts: new LoginAttempts(clock),
    tokens,
    headers,
    log,
    registry,
    runtime,
    provisioner,
    isReservedLabel,
    scaler,
    replacer,
    customVariants,
    reprovisioner,
    breakers,
    limits: config,
    settings: parts.settings,
    views,
    streams,
    streamSamples: samples,
    sessions,
    readContent,
    vpnState,
    eventLog,
    timeSeries,
    appSeries,
    engineSeries,
    metrics,
    notifications,
    logReaders: new LogReaders(clock),
    sseClients,
    cluster: () => toClusterState(cluster),
    fallback,
    version,
  });
  return api;
}

function toClusterState({ state }: Cluster): ClusterState | null {
  if (!state) return null;
  const { redisConnected, redisAwaySince, leading } = state();
  return {
    redis: redisConnected ? 'connected' : 'away',
    redis_away_since: toTime(redisAwaySince),
    leading,
  };
}
