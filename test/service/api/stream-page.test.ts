import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { pageOf, sendJsonInTurns } from '../../../src/service/api/stream-page.ts';
import type { Stream } from '../../../src/service/streams/streams.ts';
import { newStream } from '../streams/fixtures.ts';

/** Streams with these starts, whose ids are their positions. */
function streamsAt(...starts: number[]): Stream[] {
  return starts.map((startedAt, index) => ({ ...newStream(String(index)), startedAt, endedAt: null }));
}

const idsOf = (streams: readonly Stream[]) => streams.map(({ id }) => id).join('');

test('pages of streams that start in the same millisecond leave none out and repeat none', () => {
  const streams = streamsAt(9, 5, 5, 5, 5, 1);
  const first = pageOf(streams, 2);
  const second = pageOf(streams, 2, first.next!);
  const third = pageOf(streams, 2, second.next!);
  expect([first, second, third].map((page) => idsOf(page.streams))).toEqual(['01', '23', '45']);
  expect(third.next).toBeNull();
});

test('new streams do not change the following pages', () => {
  const streams = streamsAt(5, 4, 3, 2);
  const { next } = pageOf(streams, 2);
  const started = { ...newStream('new'), startedAt: 9, endedAt: null };
  expect(idsOf(pageOf([started, ...streams], 2, next!).streams)).toBe('23');
});

test('if the last stream of a page is gone, the next page leaves none out', () => {
  const streams = streamsAt(5, 4, 4, 3);
  const { next } = pageOf(streams, 2);
  const remaining = streams.filter(({ id }) => id !== '1');
  expect(idsOf(pageOf(remaining, 5, next!).streams)).toBe('23');
  expect(pageOf([], 5, next!)).toEqual({ streams: [], next: null });
});

test('a page that ends with the list has no next page', () => {
  expect(pageOf(streamsAt(2, 1), 2).next).toBeNull();
  expect(pageOf([], 2)).toEqual({ streams: [], next: null });
});

test('a long list is converted in turns of the event loop', async () => {
  let turns = 0;
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  let sent = '';
  const reply = {
    type: () => reply,
    send: (text: string) => {
      sent = text;
      return reply;
    },
  };
  const items = Array.from({ length: 1000 }, (_, index) => index);
  await sendJsonInTurns(reply as unknown as FastifyReply, items, (index) => ({ index }));
  clearImmediate(counting);
  expect(turns).toBeGreaterThanOrEqual(19);
  expect(JSON.parse(sent)).toEqual(items.map((index) => ({ index })));
});
