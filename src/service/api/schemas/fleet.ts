import { Type } from 'typebox';
import { Nullable, Time } from './common.ts';

const Count = Type.Integer({ minimum: 0 });

const BreakerSchema = Type.Object({
  state: Type.Union([Type.Literal('closed'), Type.Literal('open'), Type.Literal('half_open')]),
  failure_count: Count,
  failure_threshold: Count,
  last_failure_time: Nullable(Time),
  last_success_time: Nullable(Time),
  recovery_timeout: Type.Number({ description: 'Seconds' }),
});

export const HealthStatusSchema = Type.Object({
  total_engines: Count,
  healthy_engines: Count,
  unhealthy_engines: Count,
  marked_for_replacement: Count,
  minimum_required: Count,
  health_check_interval: Type.Number({ description: 'Seconds' }),
  circuit_breakers: Type.Object({ general: BreakerSchema, replacement: BreakerSchema }),
});

export const Demand = Type.Object({
  demand: Type.Integer({
    minimum: -999_999_999,
    maximum: 999_999_999,
    description: 'Number of engines, clamped to MIN_REPLICAS and MAX_REPLICAS',
  }),
});

export const BreakerQuery = Type.Object(
  {
    operation_type: Type.Optional(
      Type.Union([Type.Literal('general'), Type.Literal('replacement')], {
        description: 'Which breaker; both where none is named',
      }),
    ),
  },
  { additionalProperties: false },
);
