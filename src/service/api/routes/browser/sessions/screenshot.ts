import { Type } from 'typebox';
import type { Api } from '../../../context.ts';
import type { RouteDependencies } from '../../../dependencies.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../../../schemas/problem.ts';
import { ScreenshotQuery, SessionId } from '../../../schemas/sessions.ts';

const Image = Type.String({ description: 'An image' });

/** `/browser/sessions/{id}/screenshot`: what the page of a session shows. */
export function screenshotRoutes(
  api: Api,
  { browserApps, checkKey }: Pick<RouteDependencies, 'browserApps' | 'checkKey'>,
): void {
  api.get(
    '/',
    {
      onRequest: checkKey,
      schema: {
        tags: ['apps'],
        summary: 'A screenshot of a session',
        description: 'Of a session that has ended, the last one that was taken, as `jpeg` or `png`.',
        security: KEY_SECURITY,
        params: SessionId,
        querystring: ScreenshotQuery,
        response: {
          200: {
            description: 'The visible part of the page',
            content: { 'image/png': { schema: Image }, 'image/jpeg': { schema: Image } },
          },
          ...problems('invalid_request', ...KEY_CODES, 'session_not_found', 'session_not_running', 'timeout'),
        },
      },
    },
    async ({ params: { id }, query: { type = 'png' } }, reply) => {
      const shot = await browserApps.sessions.require(id).screenshot(type);
      return reply
        .header('Cache-Control', 'no-store')
        .header('Last-Modified', new Date(shot.takenAt).toUTCString())
        .type(`image/${shot.type}`)
        .serializer((bytes: Buffer) => bytes as never)
        .send(shot.bytes as never);
    },
  );
}
