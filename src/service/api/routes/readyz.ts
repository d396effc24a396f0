import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { problems } from '../schemas/problem.ts';

/** `/readyz`: readiness, for supervisors. Needs no key even with AUTH_READS. */
export function readinessRoutes(api: Api, { registry }: Pick<RouteDependencies, 'registry'>): void {
  api.get(
    '/',
    {
      schema: {
        tags: ['probes'],
        summary: 'Readiness probe: the engine runtime is available and its engines are listed',
        description: 'Status 503 until then.',
        response: { 200: Type.Object({ status: Type.Literal('ready') }), ...problems('runtime_unavailable') },
      },
    },
    async () => {
      registry.assertAvailable();
      return { status: 'ready' as const };
    },
  );
}
