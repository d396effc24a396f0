import type { RuntimeEngine } from './runtime.ts';

/** Result of an engine's health checks; `unknown` until the first success or the end of its start-up time. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** Platform and version, as reported by the engine's own API. */
export interface EngineIdentity {
  platform: string;
  version: string;
}

/** A managed engine that is starting or running. Times are milliseconds since the epoch. */
export interface Engine extends RuntimeEngine {
  health: Health;
  /** When `health` last changed. */
  healthSince: number;
  lastHealthCheck: number | null;
  /** When a stream last started or ended on it. */
  lastStreamUsage: number | null;
  firstSeen: number;
  /** When the runtime last reported it. */
  lastSeen: number;
  /** Null until its API has responded. */
  identity: EngineIdentity | null;
  /** Whether it is the engine elected to use its VPN's forwarded port. */
  forwarded: boolean;
}

/** An engine that the runtime has just reported for the first time. */
export function newEngine(reported: RuntimeEngine, now: number): Engine {
  return {
    ...reported,
    health: 'unknown',
    healthSince: now,
    lastHealthCheck: null,
    lastStreamUsage: null,
    firstSeen: now,
    lastSeen: now,
    identity: null,
    // Assumed until the next election.
    forwarded: reported.forwardedPort !== null,
  };
}
