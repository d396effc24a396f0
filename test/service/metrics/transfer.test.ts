import { expect, test } from 'vitest';
import { TransferTotals } from '../../../src/service/metrics/transfer.ts';

function bytes(downloaded: number | null, uploaded: number | null = 0) {
  return { downloaded, uploaded };
}

test('sums are of all streams, each counted once', () => {
  const sums = new TransferTotals();
  sums.note('a', bytes(100, 10));
  sums.note('b', bytes(1000, 1));
  sums.note('a', bytes(150, 10));
  sums.note('a', bytes(150, 12));
  expect(sums.total).toEqual({ downloaded: 1150, uploaded: 13 });
});

test('what a stream transferred stays when it has ended, and its id may come again', () => {
  const sums = new TransferTotals();
  sums.note('a', bytes(100));
  sums.end('a', bytes(130));
  expect(sums.total.downloaded).toBe(130);
  sums.note('a', bytes(150));
  expect(sums.total.downloaded).toBe(280);
});

test('a stream whose session counts anew never takes anything away', () => {
  const sums = new TransferTotals();
  sums.note('a', bytes(100));
  sums.note('a', bytes(40));
  sums.note('a', bytes(50));
  expect(sums.total.downloaded).toBe(150);
});

test('figures that are not known change nothing', () => {
  const sums = new TransferTotals();
  sums.note('a', bytes(100, 7));
  sums.note('a', null);
  sums.note('a', bytes(null, null));
  sums.note('a', bytes(101, null));
  sums.end('never noted', null);
  expect(sums.total).toEqual({ downloaded: 101, uploaded: 7 });
});
