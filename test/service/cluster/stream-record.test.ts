import { expect, test } from 'vitest';
import { decodeStream, encodeStream } from '../../../src/service/cluster/stream-record.ts';
import { newStream } from '../streams/fixtures.ts';

const STREAM = { ...newStream('a'), startedAt: 1_700_000_000_000, endedAt: null };

test('a started stream is decoded as it was encoded', () => {
  expect(decodeStream(encodeStream(STREAM))).toEqual(STREAM);
});

test.each([
  ['no JSON', 'hello'],
  ['null', 'null'],
  ['an array', '[]'],
  ['an id that is no text', JSON.stringify({ ...STREAM, id: 7 })],
  ['an unknown key type', JSON.stringify({ ...STREAM, keyType: 'file' })],
  ['an ended stream', JSON.stringify({ ...STREAM, endedAt: 1 })],
  ['a start that is no number', JSON.stringify({ ...STREAM, startedAt: '2020' })],
  // Its conversion to text would make every list of streams fail.
  ['a start that has no date', JSON.stringify({ ...STREAM, startedAt: 1e300 })],
])('%s is not a stream', (_, text) => {
  expect(decodeStream(text)).toBeNull();
});
