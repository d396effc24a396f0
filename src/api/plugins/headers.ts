import type { Api } from '../context.ts';

/**
 * Headers of every reply, as name, value, name, value. Nothing here breaks a page over plain HTTP on a LAN:
 * no HSTS, no upgrade of insecure requests.
 */
export function commonHeaders(corsOrigin: string | null): readonly string[] {
  const safety = [
    'X-Content-Type-Options',
    'nosniff',
    'Referrer-Policy',
    'no-referrer',
    'X-Frame-Options',
    'DENY',
  ];
  if (corsOrigin === null) return safety;
  const exposed = 'ETag, Age, Cache-Status';
  return [
    ...safety,
    'Access-Control-Allow-Origin',
    corsOrigin,
    'Access-Control-Expose-Headers',
    exposed,
    'Vary',
    'Origin',
  ];
}

/** Puts the common headers on all replies that Fastify sends, and answers preflight requests. */
export function addCommonHeaders(api: Api, headers: readonly string[], corsOrigin: string | null): void {
  const pairs = Object.fromEntries(
    headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : [])),
  );
  // Cached replies bring them along themselves, so the hook costs nothing there.
  api.addHook('onSend', async (_request, reply) => {
    reply.headers(pairs);
  });
  if (corsOrigin === null) return;
  api.options('/*', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .code(204)
      .header('Access-Control-Allow-Methods', 'GET, HEAD, POST, DELETE')
      .header('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-API-KEY, If-None-Match')
      .header('Access-Control-Max-Age', '600')
      .send(),
  );
}
