import type { RuntimeEngine } from './runtime.ts';

export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** What the engine's own API says of itself. */
export interface EngineIdentity {
  platform: string;
  version: string;
}

/** A managed engine that runs or starts. Times are milliseconds since the epoch. */
export interface Engine extends RuntimeEngine {
  health: Health;
  lastHealthCheck: number | null;
  lastStreamUsage: number | null;
  firstSeen: number;
  lastSeen: number;
  identity: EngineIdentity | null;
  /** Whether it is the one engine that has its VPN's forwarded port. */
  forwarded: boolean;
}

export function newEngine(seen: RuntimeEngine, now: number): Engine {
  return {
    ...seen,
    health: 'unknown',
    lastHealthCheck: null,
    lastStreamUsage: null,
    firstSeen: now,
    lastSeen: now,
    identity: null,
    // Until the VPN has been looked at.
    forwarded: seen.forwardedPort !== null,
  };
}
