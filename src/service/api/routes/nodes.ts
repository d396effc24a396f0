import { declareCachedGet } from '../cached-get.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { NodeListSchema } from '../schemas/nodes.ts';
import { READ_CODES } from '../schemas/problem.ts';

/** `/nodes`: the nodes of a Docker Swarm. */
export function nodeRoutes(
  api: Api,
  { answers, cachedReply }: Pick<RouteDependencies, 'answers' | 'cachedReply'>,
): void {
  declareCachedGet(api, '/', cachedReply, {
    tag: 'orchestrator',
    summary: 'The nodes of the Docker Swarm with their engines, load and agents',
    description: 'Empty unless ENGINE_RUNTIME is `swarm`.',
    body: NodeListSchema,
    errors: READ_CODES,
    read: answers.nodes,
  });
}
