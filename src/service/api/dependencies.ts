import type { FastifyBaseLogger } from 'fastify';
import type { BrowserApps } from '../browser/browser-apps.ts';
import type { Config } from '../config/config.ts';
import type { Settings } from '../config/settings-store.ts';
import type { CircuitBreaker } from '../engines/breaker.ts';
import type { CustomVariantStore } from '../engines/custom-variant-store.ts';
import type { Provisioner } from '../engines/provisioner.ts';
import type { EngineRegistry } from '../engines/registry.ts';
import type { Replacer } from '../engines/replacer.ts';
import type { Reprovisioner } from '../engines/reprovisioner.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { Scaler } from '../engines/scaler.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { LoadTimes } from '../metrics/load-times.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { ReadContent } from '../streams/content.ts';
import type { PlaybackSessions } from '../streams/sessions.ts';
import type { StreamSamples } from '../streams/stream-samples.ts';
import type { Streams } from '../streams/streams.ts';
import type { AppSeries } from '../time-series/app-series.ts';
import type { EngineSeries } from '../time-series/engine-series.ts';
import type { TimeSeries } from '../time-series/time-series.ts';
import type { VpnStateCache } from '../vpn/state-cache.ts';
import type { Answers } from './answers.ts';
import type { AppAnswers } from './app-answers.ts';
import type { CachedReply } from './cached-reply.ts';
import type { ClientReads } from './client-reads.ts';
import type { SseClients } from './live/sse-clients.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LogReaders } from './logs/log-readers.ts';
import type { KeyCheck, KeyMatch } from './plugins/auth.ts';
import type { CommonHeaders } from './plugins/headers.ts';
import type { ClusterState } from './schemas/health.ts';
import type { ForwardSession } from './session-forwarding.ts';
import type { SessionTokens } from './session-tokens.ts';
import type { NamedCaches } from './views/cache.ts';
import type { EngineViews } from './views/engines.ts';

/** Everything that routes use. Each file of routes picks what it needs. */
export interface RouteDependencies {
  /** Cached answers to the polled reads. */
  answers: Answers;
  /** Browser apps. */
  browserApps: BrowserApps;
  /** Cached answers about browser apps. */
  appAnswers: AppAnswers;
  /** Passes requests for sessions on to the orchestrators that run them. */
  forwardSession: ForwardSession;
  /** Replies with a cached answer. */
  cachedReply: CachedReply;
  /** Counts the cached reads of clients. */
  clientReads: ClientReads;
  /** The caches that `/cache` shows and clears. */
  caches: NamedCaches;
  /** How long loads of the cache took. */
  loadTimes: LoadTimes;
  /** Rejects requests without the API key. */
  checkKey: KeyCheck;
  /** Whether a text is the API key. */
  isKey: KeyMatch;
  /** Limits how often a client may send a wrong key. */
  loginAttempts: LoginAttempts;
  /** Tokens of users who have logged in. */
  tokens: SessionTokens;
  /** Headers of replies that are written without Fastify. */
  headers: CommonHeaders;
  log: FastifyBaseLogger;
  registry: EngineRegistry;
  runtime: EngineRuntime;
  provisioner: Provisioner;
  /** Whether callers must not set a label of this name, because Roundhouse recognises its engines by it. */
  isReservedLabel: (name: string) => boolean;
  scaler: Scaler;
  /** Settings of engines. */
  customVariants: CustomVariantStore;
  reprovisioner: Reprovisioner;
  replacer: Replacer;
  /** The circuit breakers of provisioning. */
  breakers: { general: CircuitBreaker; replacement: CircuitBreaker };
  /** Settings that answers contain or routes obey. */
  limits: Pick<
    Config,
    'minReplicas' | 'healthCheckIntervalS' | 'browserExecute' | 'notifyQuietS' | 'authReads' | 'basePath'
  >;
  /** The settings of the service. */
  settings: Settings;
  views: EngineViews;
  streams: Streams;
  streamSamples: StreamSamples;
  sessions: PlaybackSessions;
  /** What the engine of a stream says about its content. */
  readContent: ReadContent;
  vpnState: VpnStateCache;
  eventLog: EventLog;
  timeSeries: TimeSeries;
  /** Traffic of each browser app over time. */
  appSeries: AppSeries;
  engineSeries: EngineSeries;
  metrics: Metrics;
  notifications: Notifications;
  logReaders: LogReaders;
  sseClients: SseClients;
  /** State of the cluster, or null if no other orchestrator manages the same engines. */
  cluster: () => ClusterState | null;
  /** Why the engines do not run in Docker although they should, or null. */
  fallback: { isEmulated: boolean; dockerResponds: boolean; message: string } | null;
  /** Version of Roundhouse. */
  version: string;
  /** Folder of the built panel. Defaults to dist/panel. */
  panelFolder?: string;
}
