import { type Static, Type } from 'typebox';
import type { CircuitBreaker } from '../../engines/breaker.ts';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { Replacer } from '../../engines/replacer.ts';
import type { Scaler } from '../../engines/scaler.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/common.ts';
import { BreakerQuery, Demand, HealthStatusSchema } from '../schemas/fleet.ts';

export interface FleetRoutesParts {
  registry: EngineRegistry;
  scaler: Scaler;
  replacer: Replacer;
  breakers: { general: CircuitBreaker; replacement: CircuitBreaker };
  config: { minReplicas: number; healthCheckIntervalS: number };
  checkKey: KeyCheck;
}

/** What concerns engines as a whole: how many there are, and how they are. */
export function fleetRoutes(api: Api, parts: FleetRoutesParts): void {
  const { registry, scaler, replacer, breakers, config, checkKey } = parts;
  api.get(
    '/health/status',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['orchestrator'],
        summary: 'Health of the engines, and the circuit breakers of provisioning',
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
        minimum_required: config.minReplicas,
        health_check_interval: config.healthCheckIntervalS,
        circuit_breakers: {
          general: describeBreaker(breakers.general),
          replacement: describeBreaker(breakers.replacement),
        },
      };
    },
  );

  api.post(
    '/health/circuit-breaker/reset',
    {
      onRequest: checkKey,
      schema: {
        tags: ['orchestrator'],
        summary: 'Close a circuit breaker by hand',
        security: KEY_SECURITY,
        querystring: BreakerQuery,
        response: { 200: Type.Object({ message: Type.String() }), ...problems(...WRITE_CODES) },
      },
    },
    async ({ query }) => {
      const names = query.operation_type ? [query.operation_type] : (['general', 'replacement'] as const);
      for (const name of names) breakers[name].reset();
      return { message: `Circuit breaker reset: ${names.join(', ')}` };
    },
  );

  api.post(
    '/scale/:demand',
    {
      onRequest: checkKey,
      schema: {
        tags: ['orchestrator'],
        summary: 'Bring the number of engines to what is wanted; answers at once, the work goes on',
        security: KEY_SECURITY,
        params: Demand,
        response: { 200: Type.Object({ scaled_to: Type.Integer() }), ...problems(...WRITE_CODES) },
      },
    },
    async ({ params }) => ({ scaled_to: scaler.scaleTo(params.demand) }),
  );
}

function describeBreaker(
  breaker: CircuitBreaker,
): Static<typeof HealthStatusSchema>['circuit_breakers']['general'] {
  const { state, failureCount, failureThreshold, lastFailureTime, lastSuccessTime, recoveryTimeoutS } =
    breaker.snapshot();
  return {
    state,
    failure_count: failureCount,
    failure_threshold: failureThreshold,
    last_failure_time: lastFailureTime === null ? null : new Date(lastFailureTime).toISOString(),
    last_success_time: lastSuccessTime === null ? null : new Date(lastSuccessTime).toISOString(),
    recovery_timeout: recoveryTimeoutS,
  };
}
