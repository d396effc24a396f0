import type { Static } from 'typebox';
import type { Blocked } from '../../engines/blocked.ts';
import type { BreakerSnapshot } from '../../engines/breaker.ts';
import type { Engine } from '../../engines/engine.ts';
import type { BlockedSchema, StatusSchema } from '../schemas/status.ts';
import { toTime } from './time.ts';

/** `GET /orchestrator/status`. */
export type WireStatus = Static<typeof StatusSchema>;
/** Why no engine can be provisioned, as the API returns it. */
export type WireBlocked = Static<typeof BlockedSchema>;

/** What `GET /orchestrator/status` is computed from. */
export interface StatusInput {
  engines: readonly Engine[];
  /** `engineIds` may contain ids of engines that no longer exist. */
  streams: { active: number; total: number; engineIds: ReadonlySet<string> };
  vpn: WireStatus['vpn'];
  breaker: BreakerSnapshot;
  /** Why no engine can be provisioned now, or null. */
  blocked: Blocked | null;
  limits: { minReplicas: number; maxReplicas: number };
  config: WireStatus['config'];
  now: Date;
}

/** Computes `GET /orchestrator/status` from its parts. */
export function toWireStatus(input: StatusInput): WireStatus {
  const { engines, streams, breaker, blocked, limits } = input;
  const running = engines.filter(({ startedAt }) => startedAt !== null).length;
  const used = engines.filter(({ id }) => streams.engineIds.has(id)).length;
  return {
    status: summarise(running, blocked),
    engines: {
      total: engines.length,
      running,
      healthy: engines.filter(({ health }) => health === 'healthy').length,
      unhealthy: engines.filter(({ health }) => health === 'unhealthy').length,
    },
    streams: { active: streams.active, total: streams.total },
    capacity: {
      total: engines.length,
      used,
      available: engines.length - used,
      max_replicas: limits.maxReplicas,
      min_replicas: limits.minReplicas,
    },
    vpn: input.vpn,
    provisioning: {
      can_provision: blocked === null,
      circuit_breaker_state: breaker.state,
      last_failure: toTime(breaker.lastFailureTime),
      last_failure_reason: breaker.lastFailureReason,
      breaker_opened_at: toTime(breaker.openedTime),
      blocked_reason: blocked?.message ?? null,
      blocked_reason_details: blocked && toWireBlocked(blocked),
    },
    config: input.config,
    timestamp: input.now.toISOString(),
  };
}

/** Maps the reason why no engine can be provisioned. */
export function toWireBlocked(blocked: Blocked): WireBlocked {
  return {
    code: blocked.code,
    message: blocked.message,
    recovery_eta_seconds: blocked.recoveryEtaS,
    can_retry: blocked.canRetry,
    should_wait: blocked.shouldWait,
  };
}

function summarise(running: number, blocked: Blocked | null): WireStatus['status'] {
  if (running === 0) return 'unavailable';
  if (blocked && blocked.code !== 'max_capacity') return 'degraded';
  return 'healthy';
}
