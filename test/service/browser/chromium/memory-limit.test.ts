import { expect, test } from 'vitest';
import { MemoryLimit } from '../../../../src/service/browser/chromium/memory-limit.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MIB = 1024 * 1024;

test('a limit is checked until it is exceeded, and reported once', async () => {
  const clock = new FakeClock();
  let used = 100 * MIB;
  const groups = new Set<number>();
  const limit = new MemoryLimit(128, clock, async (group) => {
    groups.add(group);
    return used;
  });
  expect(limit.usedBytes).toBeNull();
  const reasons: string[] = [];
  limit.watch(42, (reason) => reasons.push(reason));
  await clock.advanceAsync(10_000);
  expect([limit.usedBytes, reasons]).toEqual([100 * MIB, []]);
  used = 128 * MIB;
  await clock.advanceAsync(10_000);
  expect(reasons).toEqual([]);
  used = 128 * MIB + 1;
  await clock.advanceAsync(10_000);
  expect(reasons).toEqual(['Chromium used 129 MiB, more than memory_limit_mib (128)']);
  expect([...groups]).toEqual([42]);
  expect(clock.pending).toBe(0);
});

test('a limit that is no longer watched reports nothing', async () => {
  const clock = new FakeClock();
  const limit = new MemoryLimit(128, clock, async () => 129 * MIB);
  limit.watch(42, () => expect.unreachable());
  limit.stop();
  await clock.advanceAsync(10_000);
  expect(clock.pending).toBe(0);
});

test('memory that cannot be measured is not taken for none', async () => {
  const clock = new FakeClock();
  const limit = new MemoryLimit(128, clock, () => Promise.reject(new Error('EMFILE')));
  const reasons: string[] = [];
  limit.watch(42, (reason) => reasons.push(reason));
  await clock.advanceAsync(10_000);
  expect(reasons).toEqual(['the memory of Chromium cannot be measured: EMFILE']);
});
