import { declareCachedGet } from '../cached-get.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { READ_CODES } from '../schemas/problem.ts';
import { StatusSchema } from '../schemas/status.ts';

/** `/orchestrator`: the state of the orchestrator. */
export function orchestratorRoutes(
  api: Api,
  { answers, cachedReply }: Pick<RouteDependencies, 'answers' | 'cachedReply'>,
): void {
  declareCachedGet(api, '/status', cachedReply, {
    tag: 'orchestrator',
    summary: 'State of the orchestrator, and whether an engine can be provisioned',
    description:
      'A stream proxy reads this before it provisions an engine. `provisioning` has the reason if none can be started, and when to try again.',
    body: StatusSchema,
    errors: READ_CODES,
    read: answers.status,
  });
}
