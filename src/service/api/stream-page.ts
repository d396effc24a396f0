import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Stream } from '../streams/streams.ts';

/** Streams converted per turn of the event loop: their longest texts take 0.6 MB. */
const STREAMS_PER_TURN = 50;

/** Some of the streams of a list. */
export interface StreamPage {
  streams: Stream[];
  /** Cursor of the next page, or null after the last one. */
  next: string | null;
}

/**
 * Returns the streams of a list, newest first, that follow the cursor of a page. Streams that start meanwhile
 * do not change the following pages.
 * @param cursor of the former page; undefined for the first page
 */
export function pageOf(streams: readonly Stream[], limit: number, cursor?: string): StreamPage {
  const start = cursor === undefined ? 0 : startAfter(streams, cursor);
  const page = streams.slice(start, start + limit);
  const last = page.at(-1);
  return { streams: page, next: last && start + limit < streams.length ? cursorOf(last) : null };
}

/** The start and a hash of the id, which can be as long as a URL may be. */
function cursorOf({ id, startedAt }: Stream): string {
  return `${startedAt}-${createHash('sha256').update(id).digest('base64url').slice(0, 12)}`;
}

/** If the last stream of the former page is gone, others that started in the same millisecond are repeated. */
function startAfter(streams: readonly Stream[], cursor: string): number {
  const startedAt = Number.parseInt(cursor, 10);
  const last = streams.findIndex((stream) => stream.startedAt === startedAt && cursorOf(stream) === cursor);
  if (last >= 0) return last + 1;
  const next = streams.findIndex((stream) => stream.startedAt <= startedAt);
  return next >= 0 ? next : streams.length;
}

/** Sends a JSON array that is made in turns of the event loop, so that a long list does not delay other requests. */
export async function sendJsonInTurns<T>(
  reply: FastifyReply,
  items: readonly T[],
  toWire: (item: T) => object,
): Promise<FastifyReply> {
  const parts: string[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % STREAMS_PER_TURN === 0) await nextTurn();
    parts.push(JSON.stringify(toWire(item)));
  }
  return reply.type('application/json; charset=utf-8').send(`[${parts.join(',')}]`);
}
