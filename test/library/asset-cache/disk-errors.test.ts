import { expect, test } from 'vitest';
import { AssetCache } from '../../../src/library/asset-cache/index.ts';
import { DiskStoreError } from '../../../src/library/disk-store/index.ts';
import { failDisk } from '../../support/failing-disk.ts';
import { FakeOrigin, HOUR_MS, makeCache, makeFolder, respond } from './support.ts';

const urlOf = (version: string) => `https://cdn.example/app/${version}/main.dart.js`;
const textOf = (url: string) => url.repeat(1000);

/** Fetches two versions in two processes, and revalidates one of them. @returns the errors of the disk */
async function useCaches(dir: string, isFaulty: boolean): Promise<unknown[]> {
  const origin = new FakeOrigin((url, headers) =>
    headers['if-none-match'] === undefined ? respond(textOf(url), { etag: '"1"' }) : respond('', {}, 304),
  );
  const errors: unknown[] = [];
  for (const advanceMs of [0, 25 * HOUR_MS]) {
    const { cache, errors: reported, advance } = await makeCache({ dir, memoryMaxBytes: 0 });
    advance(advanceMs);
    // A lease that cannot be removed ends after 5 s without a heartbeat.
    const passing = isFaulty ? setInterval(() => advance(500), 10) : undefined;
    for (const version of ['A', 'B', 'A']) {
      const [content, { status }] = await cache.getOrFetch(urlOf(version), origin.fetch);
      expect([status, content.toString() === textOf(urlOf(version))]).toEqual([200, true]);
    }
    const loaded = await cache.load(urlOf('B'));
    if (loaded) expect(loaded[0].toString()).toBe(textOf(urlOf('B')));
    await cache.save(urlOf('C'), 'c');
    await cache.status();
    const { diskErrors } = await cache.metrics();
    expect(diskErrors).toBe(reported.length);
    await cache.close();
    clearInterval(passing);
    errors.push(...reported);
  }
  // Each version is fetched at most once for each call, with any error of the disk.
  expect(origin.requests.length).toBeLessThanOrEqual(6);
  return errors;
}

/** Failures that change nothing for anyone: times of use and heartbeats, and files that a later sweep removes. */
const HARMLESS = /^(handle\.utimes|rm|(readFile|readlink) at \S*leases)/;

test('wherever an operation of the disk fails with EIO, answers are right, and the error is counted', async () => {
  const disk = await failDisk({ code: 'EIO', decide: () => 'works' });
  const errors = await useCaches(await makeFolder(), false).finally(() => disk[Symbol.dispose]());
  expect(errors).toEqual([]);
  expect(disk.places.size).toBeGreaterThan(30);
  for (const place of disk.places) {
    const dir = await makeFolder();
    const failing = await failDisk({ code: 'EIO', decide: (one) => (one === place ? 'fails' : 'works') });
    const reported = await useCaches(dir, true)
      .catch((error) => {
        throw new Error(`with a fault of ${place}: ${error.message}`, { cause: error });
      })
      .finally(() => failing[Symbol.dispose]());
    expect(reported.filter((error) => !(error instanceof DiskStoreError))).toEqual([]);
    const codes = new Set(reported.map((error) => (error as DiskStoreError).code));
    if (!HARMLESS.test(place)) expect(codes, place).toContain('EIO');
    // The folder works again with the disk.
    await using cache = new AssetCache({ dir, env: {}, log: () => {} });
    expect(await cache.save(urlOf('D'), 'd')).toBe(true);
  }
});
