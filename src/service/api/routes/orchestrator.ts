import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { problems, READ_CODES } from '../schemas/problem.ts';
import { StatusSchema } from '../schemas/status.ts';

/** `/orchestrator`: the state of the orchestrator. */
export function orchestratorRoutes(
  api: Api,
  { answers, cachedReply }: Pick<RouteDependencies, 'answers' | 'cachedReply'>,
): void {
  api.get(
    '/status',
    {
      schema: {
        tags: ['orchestrator'],
        summary: 'State of the orchestrator, and whether an engine can be provisioned',
        response: { 200: StatusSchema, ...problems(...READ_CODES) },
      },
    },
    (request, reply) => cachedReply(request, reply, answers.status),
  );
}
