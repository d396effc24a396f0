import type { CacheStats, Engine, EngineSettings, Operations, OrchestratorStatus } from './api-types.ts';

export type {
  App,
  AppCache,
  AppDetails,
  AppManifest,
  AppSeries,
  CacheExplanation,
  CacheStats,
  Engine,
  EngineSettings,
  EngineStats,
  Event as EventRecord,
  Health,
  LiveNotice,
  LiveSnapshot,
  Node,
  OrchestratorStatus as Status,
  Profile,
  ProfileSummary,
  ProfileVersion,
  SeriesWindow,
  Session,
  SessionTraffic,
  Stream,
  Traffic,
  Vpn,
  VpnStatus,
} from './api-types.ts';

/** An operation of the API that replies with JSON, such as `GET /engines`. */
export type OperationName = keyof Operations;
/** The reply of an operation. */
export type Reply<O extends OperationName> = Operations[O]['reply'];
/** The parameters of an operation and the body of its request. */
export type Input<O extends OperationName> = Omit<Operations[O], 'reply'>;

/** A parameter of an engine's command line. */
export type EngineParameter = EngineSettings['parameters'][number];
/** A slot for settings of engines. */
export type EngineTemplate = Reply<'GET /custom-variant/templates'>['templates'][number];

/** `unknown` until the first health check. */
export type EngineHealth = Engine['health_status'];
/** State of the circuit breaker of provisioning. */
export type BreakerState = OrchestratorStatus['provisioning']['circuit_breaker_state'];
/** A fresh entry of the cache. */
export type CacheEntry = CacheStats['entries'][number];
