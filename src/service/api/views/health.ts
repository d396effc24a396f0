import type { Static } from 'typebox';
import type { BreakerSnapshot } from '../../engines/breaker.ts';
import type { BreakerSchema } from '../schemas/health.ts';
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
