import type { Api } from '../context.ts';

/**
 * Headers of every reply. Nothing here breaks a page over plain HTTP on a LAN: no HSTS, no upgrade of
 * insecure requests.
 */
export type CommonHeaders = Readonly<Record<string, string>>;

export function commonHeaders(corsOrigin: string | null): CommonHeaders {
  const safety = {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
  };
  if (corsOrigin === null) return safety;
  return {
    ...safety,
    'Access-Control-Allow-Origin': corsOrigin,
    'Access-Control-Expose-Headers': 'ETag, Age, Cache-Status',
    Vary: 'Origin',
  };
}

/** Puts the common headers on all replies that Fastify sends, and answers preflight requests. */
export function addCommonHeaders(api: Api, headers: CommonHeaders, corsOrigin: string | null): void {
  // Cached replies bring them along themselves, so the hook costs nothing there.
  api.addHook('onSend', async (_request, reply) => {
    reply.headers(headers);
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
