import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { Api } from '../context.ts';

const BUILT = fileURLToPath(new URL('../../../../dist/panel', import.meta.url));
const HIDDEN = { schema: { hide: true } };

/** Nothing inline, nothing from elsewhere; trusted types keep text from ever being parsed as markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
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
<p>Run <code>npm run build:panel</code> where Roundhouse is installed, then load this page again.</p>
<p>The API is there: see <a href="../docs">its documentation</a>.</p>
</html>
`;

/**
 * The web panel, as `npm run build:panel` has made it. Its addresses are relative, so that it also works
 * behind a proxy that serves it under a path.
 */
export async function panelRoutes(api: Api, folder = BUILT): Promise<void> {
  await api.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('Content-Security-Policy', POLICY);
    });
    await scope.register(fastifyStatic, {
      root: folder,
      prefix: '/panel/',
      index: false,
      preCompressed: true,
      // The folder is made by the build, which may come after the start.
      suppressWarning: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header('Cache-Control', lifetime(path));
      },
    });
    // The router takes /panel/ for this too; only there do the page's relative addresses lead to its files.
    scope.get('/panel', HIDDEN, async (request, reply) => {
      if (!/^[^?]*\/(\?|$)/.test(request.url)) return reply.redirect('panel/');
      if (existsSync(join(folder, 'index.html'))) return reply.sendFile('index.html');
      return reply
        .code(503)
        .type('text/html; charset=utf-8')
        .header('Cache-Control', 'no-store')
        .send(NOT_BUILT);
    });
  });

  // What asks for no page is told, as everywhere, that there is nothing here.
  api.get('/', HIDDEN, async (request, reply) => {
    if (!request.headers.accept?.includes('text/html')) return reply.callNotFound();
    return reply.header('Vary', 'Accept').redirect('panel/');
  });
}

/** Names under assets/ change with what the files hold. */
function lifetime(path: string): string {
  return /[\\/]assets[\\/]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
}
