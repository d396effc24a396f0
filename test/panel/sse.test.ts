import { expect, test } from 'vitest';
import { SseParser } from '../../src/panel/lib/sse.ts';

const STREAM =
  'retry: 2000\n\nid: r-1\nevent: snapshot\ndata: {"keys":["*"]}\n\nid: r-2\nevent: notice\ndata: {}\n\n';

test('parses a stream that is split into chunks of any size', () => {
  const whole = new SseParser().push(STREAM);
  expect(whole).toEqual([
    { id: 'r-1', event: 'snapshot', data: '{"keys":["*"]}' },
    { id: 'r-2', event: 'notice', data: '{}' },
  ]);
  for (let size = 1; size < 20; size += 1) {
    const parser = new SseParser();
    const chunks = STREAM.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    expect(chunks.flatMap((chunk) => parser.push(chunk))).toEqual(whole);
  }
});

test('ignores comments', () => {
  expect(new SseParser().push(': heartbeat\n\n')).toEqual([]);
});

test.each(['\n', '\r\n', '\r'])('joins lines of data that end with %j', (end) => {
  const stream = ['data: a', 'data:b', '', ': next line', ''].join(end);
  expect(new SseParser().push(stream)).toEqual([{ id: null, event: 'message', data: 'a\nb' }]);
});

test('a CRLF may be split between two chunks', () => {
  const parser = new SseParser();
  expect(['data: a\r', '\ndata: b\r', '\n\r', '\n'].flatMap((chunk) => parser.push(chunk))).toEqual([
    { id: null, event: 'message', data: 'a\nb' },
  ]);
});
