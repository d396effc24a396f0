import { expect, test } from 'vitest';
import { arrangeStreams, nameOfStream, type StreamColumn } from '../../src/panel/lib/stream-rows.ts';
import type { Stream } from '../../src/panel/lib/wire.ts';

const KEY = 'b04372b9543d763bd2dbd2a1842d9723fd080076';

function aStream(id: string, fields: Partial<Stream> = {}): Stream {
  return {
    id,
    key_type: 'infohash',
    key: KEY,
    name: null,
    container_id: null,
    playback_session_id: 'x',
    stat_url: '',
    command_url: '',
    is_live: true,
    started_at: '2026-01-01T00:00:00Z',
    ended_at: null,
    status: 'started',
    peers: null,
    speed_down: null,
    speed_up: null,
    downloaded: null,
    uploaded: null,
    ...fields,
  };
}

test('a stream is called by its name before the beginning of its key', () => {
  expect(nameOfStream(aStream('a', { name: 'Channel 1' }))).toBe('Channel 1');
  expect(nameOfStream(aStream('a'))).toBe('b04372b9543d763b…');
  expect(nameOfStream(aStream('a', { key: 'short' }))).toBe('short');
});

const STREAMS = [
  aStream('a', { name: 'Channel 10', peers: 5, container_id: 'e1', started_at: '2026-01-03T00:00:00Z' }),
  aStream('b', { name: 'Channel 9', peers: null, container_id: 'e2' }),
  aStream('c', { peers: 7, speed_down: 900, started_at: '2026-01-02T00:00:00Z' }),
];
const NAMES = new Map([
  ['e1', 'engine-1'],
  ['e2', 'engine-2'],
]);

test.each<[StreamColumn, boolean, string]>([
  ['name', false, 'c b a'],
  ['peers', false, 'a c b'],
  ['peers', true, 'c a b'],
  ['age', false, 'a c b'],
  ['engine', true, 'b a c'],
  ['down', true, 'c a b'],
])('streams are sorted by %s, descending %s, unknown values last', (column, descending, expected) => {
  const sorted = arrangeStreams(STREAMS, NAMES, '', { column, descending });
  expect(sorted.map(({ id }) => id).join(' ')).toBe(expected);
});

test.each([
  ['channel 1', 'a'],
  ['ENGINE-2', 'b'],
  ['b04372', 'a c b'],
  ['nothing', ''],
])('the filter %j matches names, keys and engines', (text, expected) => {
  const found = arrangeStreams(STREAMS, NAMES, text, { column: 'age', descending: false });
  expect(found.map(({ id }) => id).join(' ')).toBe(expected);
});
