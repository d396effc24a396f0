import type { Api } from '../context.ts';

/**
 * Headers of every response, by name. They contain neither HSTS nor `upgrade-insecure-requests`, which would
 * break plain HTTP on a LAN.
 */
export type CommonHeaders = Readonly<Record<string, string>>;

/**
 * Returns the headers of every response.
 * @param corsOrigin the origin whose pages may read responses, `*` for any, null for none
 */
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

/** Adds the common headers to all responses that Fastify sends, and replies to preflight requests. */
export function addCommonHeaders(api: Api, headers: CommonHeaders, corsOrigin: string | null): void {
  // Cached replies contain them already, and skip this hook.
  api.addHook('onSend', async (_request, reply) => {
    reply.headers(headers);
  });
  if (corsOrigin === null) return;
  api.options('/*', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .code(204)
      .header('Access-Control-Allow-Methods', 'GET, HEAD, POST, PATCH, DELETE')
      .header('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-API-KEY, If-None-Match')
      .header('Access-Control-Max-Age', '600')
      .send(),
  );
}
