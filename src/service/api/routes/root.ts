import type { Api } from '../context.ts';

/** `/`: sends browsers to the panel. Other clients get 404. */
export function rootRoutes(api: Api): void {
  api.get('/', { schema: { hide: true } }, async (request, reply) => {
    if (!request.headers.accept?.includes('text/html')) return reply.callNotFound();
    return reply.header('Vary', 'Accept').redirect('panel/');
  });
}
