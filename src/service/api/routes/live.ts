import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { SseClients } from '../live/sse-clients.ts';
import type { CommonHeaders } from '../plugins/headers.ts';
import { problems } from '../schemas/common.ts';

const DESCRIPTION = `Server-sent events. \`snapshot\` says that everything is to be asked for: it comes first, and
again where a client has missed more than can be told (\`reason\`: \`connected\` or \`gap\`). \`notice\` names what a
change has made out of date:
\`{"type":"engine_started","keys":["engines:*","stats:*"],"engine_id":"…","stream_id":null,"at":"…"}\`, where \`keys\`
are globs over the keys that /cache/stats lists. A comment comes every 15 s.`;

/** The live notices. @param commonHeaders headers that every reply carries */
export function liveRoutes(api: Api, followers: SseClients, commonHeaders: CommonHeaders): void {
  api.addHook('preClose', () => followers.close());
  api.get(
    '/events/live',
    {
      // There is nothing to know of a stream but the stream.
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'What becomes out of date, as it happens',
        description: DESCRIPTION,
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'The last id that was received: what came after it is told first' }),
          ),
        }),
        response: {
          200: {
            description: 'A stream that ends only with the service, or where the client reads too slowly',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          ...problems('too_many_clients'),
        },
      },
    },
    (request, reply) => {
      followers.assertRoom();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...commonHeaders,
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // nginx would collect notices until a buffer is full.
        'X-Accel-Buffering': 'no',
        // Kept open, the connection would hold up the stop of the service after the stream has ended.
        Connection: 'close',
      });
      followers.add(reply.raw, request.headers['last-event-id']);
    },
  );
}
