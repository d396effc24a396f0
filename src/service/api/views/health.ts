import type { Static } from 'typebox';
import type { BreakerSnapshot } from '../../engines/breaker.ts';
import type { EngineRuntime } from '../../engines/runtime.ts';
import type { BreakerSchema, HealthSchema } from '../schemas/health.ts';
import { toTime } from './time.ts';

/** Maps a circuit breaker to `GET /health/status`. */
export function toWireBreaker(breaker: BreakerSnapshot): Static<typeof BreakerSchema> {
  return {
    state: breaker.state,
    failure_count: breaker.failureCount,
    failure_threshold: breaker.failureThreshold,
    last_failure_time: toTime(breaker.lastFailureTime),
    last_success_time: toTime(breaker.lastSuccessTime),
    last_failure_reason: breaker.lastFailureReason,
    opened_at: toTime(breaker.openedTime),
    recovery_timeout: breaker.recoveryTimeoutS,
  };
}

/** Whether a manager of the Swarm responds, for `GET /health`; null for other runtimes. */
export function toWireManagers({
  managerOutage,
}: Pick<EngineRuntime, 'managerOutage'>): Static<typeof HealthSchema>['runtime']['managers'] {
  if (managerOutage === undefined) return null;
  return {
    available: managerOutage === null,
    unavailable_since: toTime(managerOutage?.since ?? null),
    unavailable_reason: managerOutage?.reason ?? null,
  };
}
