import { Type } from 'typebox';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { LiveNoticeSchema, LiveSnapshotSchema } from '../../schemas/live.ts';
import { problems } from '../../schemas/problem.ts';

const DESCRIPTION = `Server-sent events. The schema is that of their data.

- \`snapshot\`: read everything again. It comes first, and again if the client has missed more notices than can be
  replayed (\`reason\` is \`connected\` or \`gap\`).
- \`notice\`: a change has invalidated the cached answers whose keys match, such as
  \`{"type":"engine_started","keys":["engines:*","stats:*"],"engine_id":"…","stream_id":null,"at":"…"}\`.

A comment is sent every 15 s.`;

/** `/events/live`: notices of changes, as server-sent events. */
export function liveEventRoutes(
  api: Api,
  { sseClients, headers }: Pick<RouteDependencies, 'sseClients' | 'headers'>,
): void {
  api.addHook('preClose', () => sseClients.close());
  api.get(
    '/',
    {
      // A reply to HEAD would describe a stream that is never sent.
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Live notices of invalidated answers',
        description: DESCRIPTION,
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'Id of the last event received. Later notices are replayed first.' }),
          ),
        }),
        response: {
          200: {
            description: 'A stream that ends only when the service stops or the client reads too slowly',
            content: { 'text/event-stream': { schema: Type.Union([LiveSnapshotSchema, LiveNoticeSchema]) } },
          },
          ...problems('too_many_clients'),
        },
      },
    },
    (request, reply) => {
      sseClients.assertRoom();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...headers,
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // Keeps nginx from buffering notices.
        'X-Accel-Buffering': 'no',
        // A connection that is kept alive would delay the stop of the service after the stream has ended.
        Connection: 'close',
      });
      sseClients.add(reply.raw, request.headers['last-event-id']);
    },
  );
}
