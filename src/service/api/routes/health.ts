import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { MessageSchema } from '../schemas/common.ts';
import { BreakerQuery, HealthSchema, HealthStatusSchema } from '../schemas/health.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toWireBreaker, toWireManagers } from '../views/health.ts';
import { toTime } from '../views/time.ts';

/** `/health`: health of the service and its engines, and the circuit breakers of provisioning. */
export function healthRoutes(
  api: Api,
  dependencies: Pick<
    RouteDependencies,
    | 'registry'
    | 'runtime'
    | 'fallback'
    | 'eventLog'
    | 'cluster'
    | 'replacer'
    | 'breakers'
    | 'limits'
    | 'checkKey'
  >,
): void {
  const { registry, runtime, fallback, eventLog, cluster, replacer, breakers, limits, checkKey } =
    dependencies;
  const startedMs = performance.now();
  api.get(
    '/',
    {
      schema: {
        tags: ['probes'],
        summary: 'Health of the service; 503 while the engine runtime is unavailable',
        description: 'For people and dashboards. Supervisors use `/livez` and `/readyz`.',
        response: { 200: HealthSchema, 503: HealthSchema },
      },
    },
    async (_request, reply) => {
      const { available } = registry;
      return reply.code(available ? 200 : 503).send({
        status: available ? 'healthy' : 'unavailable',
        runtime: {
          name: runtime.name,
          available,
          unavailable_since: toTime(registry.outage?.since ?? null),
          unavailable_reason: registry.outage?.reason ?? null,
          managers: toWireManagers(runtime),
          fallback: fallback && {
            emulated: fallback.isEmulated,
            docker_responds: fallback.dockerResponds,
            message: fallback.message,
          },
        },
        engines: registry.size,
        history: { store: eventLog.storage?.store ?? 'away' },
        cluster: cluster(),
        uptime_seconds: Math.round(performance.now() - startedMs) / 1000,
      });
    },
  );

  api.get(
    '/status',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['orchestrator'],
        summary: 'Health of the engines, and the circuit breakers of provisioning',
        description: 'The result of the latest health checks; a request causes no check.',
        response: { 200: HealthStatusSchema, ...problems('runtime_unavailable') },
      },
    },
    async () => {
      registry.assertAvailable();
      const engines = registry.list();
      return {
        total_engines: engines.length,
        healthy_engines: engines.filter(({ health }) => health === 'healthy').length,
        unhealthy_engines: engines.filter(({ health }) => health === 'unhealthy').length,
        marked_for_replacement: replacer.marked,
        minimum_required: limits.minReplicas,
        health_check_interval: limits.healthCheckIntervalS,
        circuit_breakers: {
          general: toWireBreaker(breakers.general.snapshot()),
          replacement: toWireBreaker(breakers.replacement.snapshot()),
        },
      };
    },
  );

  api.post(
    '/circuit-breaker/reset',
    {
      onRequest: checkKey,
      schema: {
        tags: ['orchestrator'],
        summary: 'Close a circuit breaker',
        description:
          'Engines are started again at once, instead of after the recovery time. `operation_type` selects one of the breakers; without it, both are closed.',
        security: KEY_SECURITY,
        querystring: BreakerQuery,
        response: { 200: MessageSchema, ...problems(...WRITE_CODES) },
      },
    },
    async ({ query }) => {
      const names = query.operation_type ? [query.operation_type] : (['general', 'replacement'] as const);
      for (const name of names) breakers[name].reset();
      return { message: `Circuit breaker reset: ${names.join(', ')}` };
    },
  );
}
