import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';

/** What clients other than browsers get at `/`. The paths are relative to it. */
const IndexSchema = Type.Object({
  name: Type.String(),
  panel: Type.String(),
  docs: Type.String(),
  openapi: Type.String(),
  health: Type.String(),
});

const INDEX = {
  name: 'roundhouse',
  panel: 'panel/',
  docs: 'docs',
  openapi: 'openapi.json',
  health: 'health',
};

/** `/`: the panel for browsers, links for other clients, and files that clients expect at the root. */
export function rootRoutes(
  api: Api,
  { limits }: { limits: Pick<RouteDependencies['limits'], 'basePath'> },
): void {
  api.get('/', { schema: { hide: true, response: { 200: IndexSchema } } }, async (request, reply) => {
    reply.header('Vary', 'Accept');
    if (request.headers.accept?.includes('text/html')) {
      // A relative URL would lead elsewhere from a BASE_PATH without a slash at its end.
      return reply.redirect(limits.basePath === '' ? 'panel/' : `${limits.basePath}/panel/`);
    }
    return INDEX;
  });

  let document: string | undefined;
  api.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(api.swagger());
    return reply.type('application/json; charset=utf-8').send(document);
  });

  api.get('/favicon.ico', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('Cache-Control', 'public, max-age=86400').redirect('panel/icon.svg'),
  );
}
