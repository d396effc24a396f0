import type { FastifyBaseLogger } from 'fastify';
import type { PlaybackSessions } from '../streams/sessions.ts';
import type { Stream, Streams } from '../streams/streams.ts';

/**
 * Ends a stream and stops it at its engine. It ends whatever the engine replies.
 * @returns the ended stream, and whether its engine confirmed that the session has ended
 */
export async function stopStream(
  stream: Stream,
  requestId: string,
  { streams, sessions, log }: { streams: Streams; sessions: PlaybackSessions; log: FastifyBaseLogger },
): Promise<{ ended: Stream; stopped: boolean; message: string }> {
  // Before the engine is called: the collector must not find the session gone and end the stream itself.
  const ended = streams.end(stream.id, 'stopped') ?? stream;
  const stopped = await sessions.stop(ended).then(
    () => true,
    (err) => {
      log.warn({ err, requestId }, 'stream ended, but its engine may still play it');
      return false;
    },
  );
  const message = stopped ? 'Stream stopped successfully' : 'Stream ended; its engine did not confirm it';
  return { ended, stopped, message };
}
