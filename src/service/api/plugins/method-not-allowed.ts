import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api } from '../context.ts';
import { sendProblem, toProblem } from '../problem.ts';

/**
 * Replies to requests that match no route: 405 with the allowed methods if the path exists, 404 otherwise.
 * Call before routes are registered.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.6
 */
export function answerUnmatched(api: Api): void {
  const methodsByPattern = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  api.addHook('onRoute', ({ url, method }) => {
    // Replies to preflight requests for any path, whether it exists or not.
    if (url === '/*') return;
    const known = methodsByPattern.get(url) ?? { pattern: toPattern(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    methodsByPattern.set(url, known);
  });
  api.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = (request.url.split('?', 1)[0] ?? '').replace(/\/$/, '') || '/';
    const allowed = [...methodsByPattern.values()].flatMap(({ pattern, methods }) =>
      pattern.test(path) ? [...methods] : [],
    );
    // A route for files has the method, but there may be no such file.
    if (allowed.length === 0 || allowed.includes(request.method))
      return sendProblem(reply, toProblem('not_found', 'There is nothing at this path', request.id));
    const list = [...new Set(allowed)].join(', ');
    reply.header('Allow', list);
    return sendProblem(reply, toProblem('method_not_allowed', `This path allows ${list}`, request.id));
  });
}

/**
 * A pattern for the paths of a route, such as `/engines/:id/stats`. A parameter matches one path segment, a `*` at
 * the end any path.
 */
function toPattern(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => {
      if (part === '*') return '.*';
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
