import { type Static, Type } from 'typebox';
import { Count, Nullable, oneOf, Time } from './common.ts';

const ClusterSchema = Type.Object(
  {
    redis: oneOf(['connected', 'away']),
    redis_away_since: Nullable(Time),
    leading: Type.Boolean({
      description: 'Whether this orchestrator is the leader, which starts and removes engines',
    }),
  },
  { description: 'Null if no other orchestrator manages the same engines' },
);

/** The relation of this orchestrator to others that manage the same engines. */
export type ClusterState = Static<typeof ClusterSchema>;

const FallbackSchema = Type.Object(
  {
    emulated: Type.Boolean({ description: 'Whether the engines are emulated and play nothing' }),
    docker_responds: Type.Boolean({ description: 'Whether Docker has responded since the start' }),
    message: Type.String({ description: 'What an operator can do' }),
  },
  {
    description:
      'Set if ENGINE_RUNTIME is `auto` and engines run as local processes because Docker did not respond at the start',
  },
);

const ManagersSchema = Type.Object(
  {
    available: Type.Boolean({ description: 'Whether a manager responds' }),
    unavailable_since: Nullable(Time),
    unavailable_reason: Nullable(Type.String()),
  },
  {
    description:
      'The managers of the Docker Swarm; null for other runtimes. While none responds, agents keep the answers current for a minute, but no engine can be started.',
  },
);

/** `GET /health`. */
export const HealthSchema = Type.Object(
  {
    status: oneOf(['healthy', 'unavailable']),
    runtime: Type.Object({
      name: Type.String(),
      available: Type.Boolean(),
      fallback: Nullable(FallbackSchema),
      unavailable_since: Nullable(Time),
      unavailable_reason: Nullable(Type.String()),
      managers: Nullable(ManagersSchema),
    }),
    engines: Count('Number of engines'),
    history: Type.Object(
      { store: oneOf(['file', 'memory', 'away']) },
      { description: 'Where the event log is stored. It does not affect `status`.' },
    ),
    cluster: Nullable(ClusterSchema),
    uptime_seconds: Type.Number({ minimum: 0 }),
  },
  { title: 'Health' },
);

/** A circuit breaker. */
export const BreakerSchema = Type.Object(
  {
    state: oneOf(['closed', 'open', 'half_open']),
    failure_count: Count('Consecutive failures'),
    failure_threshold: Count('Consecutive failures that open the breaker'),
    last_failure_time: Nullable(Time),
    last_success_time: Nullable(Time),
    last_failure_reason: Nullable(Type.String()),
    opened_at: Nullable(Time),
    recovery_timeout: Type.Number({ description: 'Seconds that the breaker stays open' }),
  },
  { title: 'CircuitBreaker' },
);

/** `GET /health/status`. */
export const HealthStatusSchema = Type.Object(
  {
    total_engines: Count(),
    healthy_engines: Count(),
    unhealthy_engines: Count(),
    marked_for_replacement: Count('Engines that are about to be replaced'),
    minimum_required: Count('MIN_REPLICAS'),
    health_check_interval: Type.Number({ description: 'Seconds between two checks of an engine' }),
    circuit_breakers: Type.Object({ general: BreakerSchema, replacement: BreakerSchema }),
  },
  { title: 'HealthStatus' },
);

/** Query of `POST /health/circuit-breaker/reset`. Unknown parameters are refused. */
export const BreakerQuery = Type.Object(
  {
    operation_type: Type.Optional(
      oneOf(['general', 'replacement'], { description: 'The breaker to close. Defaults to both.' }),
    ),
  },
  { additionalProperties: false },
);
