import { expect, test } from 'vitest';
import { TransferTotals } from '../../../src/service/metrics/transfer.ts';

function bytes(downloaded: number | null, uploaded: number | null = 0) {
  return { downloaded, uploaded };
}

test('totals count the bytes of each stream once', () => {
  const totals = new TransferTotals();
  totals.add('a', bytes(100, 10));
  totals.add('b', bytes(1000, 1));
  totals.add('a', bytes(150, 10));
  totals.add('a', bytes(150, 12));
  expect(totals.bytes).toEqual({ downloaded: 1150, uploaded: 13 });
});

test('bytes of an ended stream are kept, and its id can be used again', () => {
  const totals = new TransferTotals();
  totals.add('a', bytes(100));
  totals.end('a', bytes(130));
  expect(totals.bytes.downloaded).toBe(130);
  totals.add('a', bytes(150));
  expect(totals.bytes.downloaded).toBe(280);
});

test('a new session of a stream never reduces the totals', () => {
  const totals = new TransferTotals();
  totals.add('a', bytes(100));
  totals.add('a', bytes(40));
  totals.add('a', bytes(50));
  expect(totals.bytes.downloaded).toBe(150);
});

test('unknown values change nothing', () => {
  const totals = new TransferTotals();
  totals.add('a', bytes(100, 7));
  totals.add('a', null);
  totals.add('a', bytes(null, null));
  totals.add('a', bytes(101, null));
  totals.end('never added', null);
  expect(totals.bytes).toEqual({ downloaded: 101, uploaded: 7 });
});
