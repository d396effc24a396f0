import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';

/** `/gc`: removes idle engines now, for older clients. */
export function gcRoutes(
  api: Api,
  { scaler, checkKey }: Pick<RouteDependencies, 'scaler' | 'checkKey'>,
): void {
  api.post(
    '/',
    {
      onRequest: checkKey,
      schema: {
        tags: ['orchestrator'],
        summary: 'Re-evaluate the number of engines now',
        description: 'What AUTO_DELETE allows to be removed is removed afterwards.',
        security: KEY_SECURITY,
        response: { 200: Type.Object({ status: Type.Literal('ok') }), ...problems(...WRITE_CODES) },
      },
    },
    async () => {
      scaler.reevaluate();
      return { status: 'ok' as const };
    },
  );
}
