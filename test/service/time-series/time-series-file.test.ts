import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { TimeSeriesFile } from '../../../src/service/time-series/time-series-file.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { point } from './fixtures.ts';

const BEGUN_S = 1_800_000_000;

function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'roundhouse-samples-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** A past with the file that keeps it, as of one run of the service. */
function createRun(dataDir: string, intervalS = 10) {
  const past = new TimeSeries(intervalS, () => BEGUN_S * 1000);
  const clock = new FakeClock();
  const errors: string[] = [];
  const file = new TimeSeriesFile({ dataDir, past, clock, onError: (message) => errors.push(message) });
  return { past, clock, errors, file, path: join(dataDir, 'samples.json') };
}

function note(past: TimeSeries, count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1)
    past.note(BEGUN_S + n * 10 + 5, point({ cpu_percent: n % 10, engines_total: n, cache_hits: 2 }));
}

describe('a past that is kept', () => {
  test('is the same after a restart, as soon as it is asked for', async () => {
    const dataDir = makeDataDir();
    const former = createRun(dataDir);
    // A round number of the longest intervals: one that goes on has its mean weighed anew.
    note(former.past, 1980);
    await former.file.close();
    expect(statSync(former.path).mode & 0o777).toBe(0o600);

    const next = createRun(dataDir);
    await next.file.restore();
    note(former.past, 1, 1980);
    note(next.past, 1, 1980);
    for (const windowS of [300, 4000, 10_000, 86_400])
      expect(next.past.read(windowS)).toEqual(former.past.read(windowS));
    expect(next.errors).toEqual([]);
  });

  test('is saved every five minutes, and not where nothing was noted', async () => {
    const { past, clock, file, path } = createRun(makeDataDir());
    file.start();
    clock.advance(300_000);
    await settle();
    expect(() => readFileSync(path)).toThrow('ENOENT');
    note(past, 1);
    clock.advance(300_000);
    await waitUntil('it is saved', () => JSON.parse(readFileSync(path, 'utf8')), 10_000);
    await file.close();
    expect(clock.pending).toBe(0);
  });

  test('sampled at another interval has its coarser intervals alone', async () => {
    const dataDir = makeDataDir();
    const former = createRun(dataDir);
    note(former.past, 100);
    await former.file.close();
    const { past, file } = createRun(dataDir, 7);
    await file.restore();
    note(past, 1, 100);
    expect(past.read(300).engines_total.filter((figure) => figure !== null)).toEqual([100]);
    expect(past.read(86_400).engines_total.slice(-4)).toEqual([29, 59, 89, 100]);
  });

  test.each([
    ['', 'JSON'],
    ['{}', 'not what'],
    ['null', 'not what'],
    ['{"columns":["other"],"tiers":[]}', 'not what'],
  ])('from a file with %j is not taken up, and the next is', async (text, reason) => {
    const dataDir = makeDataDir();
    const { past, errors, file, path } = createRun(dataDir);
    writeFileSync(path, text);
    await file.restore();
    expect(errors).toEqual([expect.stringContaining(reason)]);
    note(past, 3);
    await file.close();
    const next = createRun(dataDir);
    await next.file.restore();
    expect(next.errors).toEqual([]);
  });

  test('with figures that are none is not taken up', async () => {
    const dataDir = makeDataDir();
    const former = createRun(dataDir);
    note(former.past, 1);
    await former.file.close();
    const sound = readFileSync(former.path, 'utf8');
    for (const broken of [
      sound.replace('null', '"null"'),
      sound.replace('[[', '[[1.5,'),
      sound.replace(',2,', ',-2,'),
    ]) {
      expect(broken).not.toBe(sound);
      writeFileSync(former.path, broken);
      const next = createRun(dataDir);
      await next.file.restore();
      expect(next.errors).toHaveLength(1);
    }
  });

  test('that cannot be saved is told of once only', async () => {
    const dataDir = makeDataDir();
    const { past, clock, errors, file, path } = createRun(join(dataDir, 'later'));
    file.start();
    for (let round = 0; round < 3; round += 1) {
      note(past, 1, round);
      clock.advance(300_000);
      await waitUntil('it was tried', () => errors.length === 1, 10_000);
    }
    await file.close();
    expect(errors).toEqual([expect.stringContaining('The figures cannot be kept')]);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });
});
