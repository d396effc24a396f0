import { Type } from 'typebox';
import { Count, Nullable, oneOf, Time } from './common.ts';
import { BreakerSchema } from './health.ts';

/** Reasons why no engine can be provisioned, in the order in which they are checked. */
export const BLOCK_CODES = ['vpn_disconnected', 'circuit_breaker', 'max_capacity'] as const;

/** Why no engine can be provisioned now. */
export const BlockedSchema = Type.Object(
  {
    code: oneOf(BLOCK_CODES),
    message: Type.String(),
    recovery_eta_seconds: Nullable(
      Type.Integer({ minimum: 0, description: 'Seconds after which another attempt may succeed' }),
    ),
    can_retry: Type.Boolean({ description: 'Whether another attempt may succeed without intervention' }),
    should_wait: Type.Boolean({ description: 'Whether the client should wait and try again' }),
  },
  { title: 'ProvisioningBlock' },
);

/** `GET /orchestrator/status`. */
export const StatusSchema = Type.Object(
  {
    status: oneOf(['healthy', 'degraded', 'unavailable'], {
      description:
        '`unavailable` if no engine is running, `degraded` if none can be provisioned although there is room',
    }),
    engines: Type.Object({ total: Count(), running: Count(), healthy: Count(), unhealthy: Count() }),
    streams: Type.Object({
      active: Count('Streams that are playing'),
      total: Count('These and the ended streams that are still listed'),
    }),
    capacity: Type.Object({
      total: Count('Engines'),
      used: Count('Engines with at least one stream'),
      available: Count('Engines without a stream'),
      max_replicas: Count('MAX_REPLICAS'),
      min_replicas: Count('MIN_REPLICAS'),
    }),
    vpn: Type.Object({
      enabled: Type.Boolean(),
      connected: Type.Boolean(),
      health: Type.String(),
      container: Nullable(Type.String()),
      forwarded_port: Nullable(Type.Integer()),
    }),
    provisioning: Type.Object({
      can_provision: Type.Boolean(),
      circuit_breaker_state: BreakerSchema.properties.state,
      last_failure: Nullable(Time),
      last_failure_reason: Nullable(Type.String()),
      breaker_opened_at: Nullable(Time),
      blocked_reason: Nullable(Type.String()),
      blocked_reason_details: Nullable(BlockedSchema),
    }),
    config: Type.Object({
      auto_delete: Type.Boolean(),
      grace_period_s: Type.Number(),
      engine_variant: Type.String(),
      debug_mode: Type.Boolean(),
    }),
    timestamp: Time,
  },
  { title: 'OrchestratorStatus' },
);
