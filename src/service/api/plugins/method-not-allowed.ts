import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api } from '../context.ts';
import { sendProblem, toProblem } from '../problem.ts';

/**
 * Answers what no route matched: 405 with the methods that exist, where the path does, else 404. Call
 * before routes are declared: it listens to their declaration.
 */
export function answerUnmatched(api: Api): void {
  const methodsByPattern = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  api.addHook('onRoute', ({ url, method }) => {
    const known = methodsByPattern.get(url) ?? { pattern: toPattern(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    methodsByPattern.set(url, known);
  });
  api.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = (request.url.split('?', 1)[0] ?? '').replace(/\/$/, '');
    const allowed = [...methodsByPattern.values()].flatMap(({ pattern, methods }) =>
      pattern.test(path) ? [...methods] : [],
    );
    if (allowed.length === 0) return sendProblem(reply, toProblem('not_found', 'No such path', request.id));
    const list = [...new Set(allowed)].join(', ');
    reply.header('Allow', list);
    return sendProblem(reply, toProblem('method_not_allowed', `This path takes ${list}`, request.id));
  });
}

/** Of a route such as `/engines/:id/stats`; each parameter is one path segment. */
function toPattern(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
