import { Type } from 'typebox';
import { bytesEtag } from '../../../../../library/util/etag.ts';
import { setValidator } from '../../../conditional.ts';
import type { Api } from '../../../context.ts';
import type { RouteDependencies } from '../../../dependencies.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../../../schemas/problem.ts';
import { ScreenshotQuery, SessionId } from '../../../schemas/sessions.ts';

const Image = Type.String({ description: 'An image' });

/** `/browser/sessions/{id}/screenshot`: what the page of a session shows. */
export function screenshotRoutes(
  api: Api,
  {
    browserApps,
    checkKey,
    forwardSession,
  }: Pick<RouteDependencies, 'browserApps' | 'checkKey' | 'forwardSession'>,
): void {
  api.get(
    '/',
    {
      onRequest: [checkKey, forwardSession],
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
          ...problems(
            'invalid_request',
            ...KEY_CODES,
            'session_not_found',
            'session_not_running',
            'owner_unreachable',
            'timeout',
          ),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const shot = await browserApps.sessions.require(id).screenshot(request.query.type ?? 'png');
      const isUnmodified = setValidator(request, reply, bytesEtag(shot.bytes));
      reply.header('Cache-Control', 'no-store');
      if (isUnmodified) return reply.send(undefined as never);
      return reply
        .header('Last-Modified', new Date(shot.takenAt).toUTCString())
        .type(`image/${shot.type}`)
        .serializer((bytes: Buffer) => bytes as never)
        .send(shot.bytes as never);
    },
  );
}
