import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { TimeSeriesFile } from '../../../src/service/time-series/time-series-file.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { point } from './fixtures.ts';

const START_S = 1_800_000_000;

function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'roundhouse-samples-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** A time series and its file, as in one run of the service. */
function createRun(dataDir: string, intervalS = 10) {
  const timeSeries = new TimeSeries(intervalS, () => START_S * 1000);
  const clock = new FakeClock();
  const errors: string[] = [];
  const file = new TimeSeriesFile({ dataDir, timeSeries, clock, onError: (message) => errors.push(message) });
  return { timeSeries, clock, errors, file, path: join(dataDir, 'samples.json') };
}

function addPoints(timeSeries: TimeSeries, count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1)
    timeSeries.add(START_S + n * 10 + 5, point({ cpu_percent: n % 10, engines_total: n, cache_hits: 2 }));
}

describe('the file of a time series', () => {
  test('restores the time series after a restart', async () => {
    const dataDir = makeDataDir();
    const previous = createRun(dataDir);
    // A whole number of the longest intervals: the mean of one that continues would change its weight.
    addPoints(previous.timeSeries, 1980);
    await previous.file.close();
    expect(statSync(previous.path).mode & 0o777).toBe(0o600);

    const next = createRun(dataDir);
    await next.file.restore();
    addPoints(previous.timeSeries, 1, 1980);
    addPoints(next.timeSeries, 1, 1980);
    for (const windowS of [300, 4000, 10_000, 86_400])
      expect(next.timeSeries.read(windowS)).toEqual(previous.timeSeries.read(windowS));
    expect(next.errors).toEqual([]);
  });

  test('is written every five minutes if points were added', async () => {
    const { timeSeries, clock, file, path } = createRun(makeDataDir());
    file.start();
    await settle();
    clock.advance(300_000);
    await settle();
    expect(() => readFileSync(path)).toThrow('ENOENT');
    addPoints(timeSeries, 1);
    clock.advance(300_000);
    await waitUntil('the file', () => JSON.parse(readFileSync(path, 'utf8')), 10_000);
    await file.close();
    expect(clock.pending).toBe(0);
  });

  test('restores only the coarser intervals if the sampling interval has changed', async () => {
    const dataDir = makeDataDir();
    const previous = createRun(dataDir);
    addPoints(previous.timeSeries, 100);
    await previous.file.close();
    const { timeSeries, file } = createRun(dataDir, 7);
    await file.restore();
    addPoints(timeSeries, 1, 100);
    expect(timeSeries.read(300).engines_total.filter((value) => value !== null)).toEqual([100]);
    expect(timeSeries.read(86_400).engines_total.slice(-4)).toEqual([29, 59, 89, 100]);
  });

  test.each([
    ['', 'JSON'],
    ['{}', 'not in the format'],
    ['null', 'not in the format'],
    ['{"columns":["other"],"tiers":[]}', 'not in the format'],
  ])('is ignored if it contains %j, and replaced', async (text, reason) => {
    const dataDir = makeDataDir();
    const { timeSeries, errors, file, path } = createRun(dataDir);
    writeFileSync(path, text);
    await file.restore();
    expect(errors).toEqual([expect.stringContaining(reason)]);
    addPoints(timeSeries, 3);
    await file.close();
    const next = createRun(dataDir);
    await next.file.restore();
    expect(next.errors).toEqual([]);
  });

  test('is ignored if it contains invalid values', async () => {
    const dataDir = makeDataDir();
    const previous = createRun(dataDir);
    addPoints(previous.timeSeries, 1);
    await previous.file.close();
    const valid = readFileSync(previous.path, 'utf8');
    for (const broken of [
      valid.replace('null', '"null"'),
      valid.replace('[[', '[[1.5,'),
      valid.replace(',2,', ',-2,'),
    ]) {
      expect(broken).not.toBe(valid);
      writeFileSync(previous.path, broken);
      const next = createRun(dataDir);
      await next.file.restore();
      expect(next.errors).toHaveLength(1);
    }
  });

  test('is reported once if it cannot be written', async () => {
    const dataDir = makeDataDir();
    const { timeSeries, clock, errors, file, path } = createRun(join(dataDir, 'later'));
    file.start();
    for (let round = 0; round < 3; round += 1) {
      addPoints(timeSeries, 1, round);
      await waitUntil('the timer of the next save', () => clock.pending === 1, 10_000);
      clock.advance(300_000);
      await waitUntil('the first attempt', () => errors.length === 1, 10_000);
    }
    await file.close();
    expect(errors).toEqual([expect.stringContaining('could not save the time series')]);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });
});
