import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';

const Demand = Type.Object({
  demand: Type.Integer({
    minimum: -999_999_999,
    maximum: 999_999_999,
    description: 'Number of engines, clamped to MIN_REPLICAS and MAX_REPLICAS',
  }),
});

/** `/scale`: sets the number of engines. */
export function scaleRoutes(
  api: Api,
  { scaler, checkKey }: Pick<RouteDependencies, 'scaler' | 'checkKey'>,
): void {
  api.post(
    '/:demand',
    {
      onRequest: checkKey,
      schema: {
        tags: ['orchestrator'],
        summary: 'Set the number of engines',
        description: 'Replies at once; engines are started and removed afterwards. Engines in use are kept.',
        security: KEY_SECURITY,
        params: Demand,
        response: { 200: Type.Object({ scaled_to: Type.Integer() }), ...problems(...WRITE_CODES) },
      },
    },
    async ({ params }) => ({ scaled_to: scaler.scaleTo(params.demand) }),
  );
}
