import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';

const BUILT = fileURLToPath(new URL('../../../../dist/panel', import.meta.url));

/** Allows no inline code and no other origin. Trusted types keep text from being parsed as markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Roundhouse</title>
<h1>The panel has not been built</h1>
<p>Run <code>npm run build:panel</code> in the folder of Roundhouse, then reload this page.</p>
<p>The API works without it: see <a href="../docs">its documentation</a>.</p>
</html>
`;

/**
 * `/panel`: the files that `npm run build:panel` writes. Redirects are relative, so the panel also works
 * behind a proxy that serves Roundhouse under a path.
 */
export async function panelRoutes(
  api: Api,
  { panelFolder = BUILT }: Pick<RouteDependencies, 'panelFolder'>,
): Promise<void> {
  api.addHook('onSend', async (_request, reply) => {
    reply.header('Content-Security-Policy', POLICY);
  });
  await api.register(fastifyStatic, {
    root: panelFolder,
    prefix: '/',
    index: false,
    preCompressed: true,
    // The build may run after the start.
    suppressWarning: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('Cache-Control', cacheControl(path));
    },
  });
  api.get('/', { schema: { hide: true } }, async (request, reply) => {
    // This route also matches /panel. The page's relative URLs only work below /panel/.
    if (!/^[^?]*\/(\?|$)/.test(request.url)) return reply.redirect('panel/');
    if (existsSync(join(panelFolder, 'index.html'))) return reply.sendFile('index.html');
    return reply
      .code(503)
      .type('text/html; charset=utf-8')
      .header('Cache-Control', 'no-store')
      .send(NOT_BUILT);
  });
}

/** File names in assets/ contain a hash of the content. */
function cacheControl(path: string): string {
  return /[\\/]assets[\\/]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
}
