import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import swaggerUi from '@fastify/swagger-ui';
import type { Api } from '../context.ts';

const ICON = fileURLToPath(new URL('../../../../dist/panel/icon.svg', import.meta.url));
const SVG = 'image/svg+xml';
/** Their names do not change with their content, so a new version is seen after this time. */
const STATIC_CACHE_CONTROL = 'public, max-age=3600';

/** Serves Swagger UI at /docs, with the name and the icon of the panel. */
export async function serveApiDocs(api: Api): Promise<void> {
  await api.register(async (scope) => {
    scope.addHook('onSend', async (request, reply) => {
      if (request.routeOptions.url === '/docs/static/*' && reply.statusCode < 400)
        reply.header('Cache-Control', STATIC_CACHE_CONTROL);
    });
    // Without a built panel, its icon is missing too.
    const icon = existsSync(ICON) ? readFileSync(ICON) : null;
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      ...(icon && { logo: { type: SVG, content: icon } }),
      theme: {
        title: 'Roundhouse API',
        favicon: icon ? [{ filename: 'icon.svg', rel: 'icon', type: SVG, sizes: 'any', content: icon }] : [],
      },
      uiConfig: { tryItOutEnabled: true, persistAuthorization: false },
    });
  });
}
