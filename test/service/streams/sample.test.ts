import { expect, test } from 'vitest';
import { parseSample } from '../../../src/service/streams/sample.ts';

const LIVEPOS = {
  pos: '1700000010',
  live_first: '1700000000',
  live_last: '1700000020',
  first_ts: '1700000000',
  last_ts: '1700000020',
  is_live: '1',
  buffer_pieces: '30',
};
const STAT = {
  status: 'dl',
  peers: 7,
  speed_down: 812,
  speed_up: 40,
  downloaded: 123_456_789,
  uploaded: 1_234,
  total_progress: 0,
  livepos: LIVEPOS,
};
const SAMPLE = {
  takenAt: 5,
  peers: 7,
  speedDown: 812,
  speedUp: 40,
  downloaded: 123_456_789,
  uploaded: 1_234,
  status: 'dl',
  livePosition: LIVEPOS,
};

test('a response is parsed, without unused fields', () => {
  expect(parseSample(STAT, 5)).toEqual(SAMPLE);
});

test('0 is a value', () => {
  expect(parseSample({ ...STAT, peers: 0, downloaded: 0 }, 5)).toMatchObject({ peers: 0, downloaded: 0 });
});

test.each([undefined, null, '7', -1, Number.NaN, Number.POSITIVE_INFINITY, {}, true])(
  'a number of %s becomes null',
  (peers) => {
    expect(parseSample({ ...STAT, peers }, 5)).toEqual({ ...SAMPLE, peers: null });
  },
);

test.each([undefined, null, 'live', 5])('a live position of %s becomes null', (livepos) => {
  expect(parseSample({ ...STAT, livepos }, 5).livePosition).toBeNull();
});

test('numbers in a live position become strings', () => {
  const livepos = { ...LIVEPOS, pos: 1_700_000_010, buffer_pieces: null, last_ts: undefined, extra: 'x' };
  const expected = { ...LIVEPOS, buffer_pieces: null, last_ts: null };
  expect(parseSample({ ...STAT, livepos }, 5).livePosition).toEqual(expected);
});

test('long strings are truncated', () => {
  expect(parseSample({ ...STAT, status: 'x'.repeat(10_000) }, 5).status).toHaveLength(64);
});
