import type { Operations } from './api-types.ts';

/** An operation of the API that replies with JSON, such as `GET /engines`. */
export type OperationName = keyof Operations;
/** The reply of an operation. */
export type Reply<O extends OperationName> = Operations[O]['reply'];

/** The parameters of an operation and the body of its request. */
export type Input<O extends OperationName> = Omit<Operations[O], 'reply'>;

/** An engine. */
export type Engine = Reply<'GET /engines'>[number];
/** `unknown` until the first health check. */
export type EngineHealth = Engine['health_status'];
/** Resource usage of an engine. */
export type EngineStats = Reply<'GET /engines/stats/all'>[string];
/** Status of the service. */
export type Status = Reply<'GET /orchestrator/status'>;
/** State of the circuit breaker of provisioning. */
export type BreakerState = Status['provisioning']['circuit_breaker_state'];
/** Status of the VPN; of two VPNs, the fields of each are in `vpn1` and `vpn2`. */
export type VpnStatus = Reply<'GET /vpn/status'>;
/** A stream. */
export type Stream = Reply<'GET /streams'>[number];
/** An entry of the event log. */
export type EventRecord = Reply<'GET /events'>[number];
/** Statistics of the cache. */
export type CacheStats = Reply<'GET /cache/stats'>;
/** A fresh entry of the cache. */
export type CacheEntry = CacheStats['entries'][number];
/** Values over time, in columns of equal length, oldest first; null where nothing was measured. */
export type SeriesWindow = Reply<'GET /stats/history'>;
