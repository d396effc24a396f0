import { appendFile, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import { encodeRecord } from '../../../src/library/disk-store/record.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { bodiesIn, content, diskUsage, makeFolder, openStore, recordsIn } from './support.ts';

const MIB = 1024 * 1024;
const SOON_MS = 10_000;
const RECORD = {
  key: 'k',
  metadata: {},
  size: 20_000,
  sha256: '0'.repeat(64),
  createdAt: 0,
  blocks: Buffer.alloc(32),
};

test.each([
  ['a hash that is a path', { sha256: '/../../../../../../precious' }],
  ['a size that no memory has', { size: 2 ** 52 }],
  ['a negative size', { size: -1 }],
  ['a size that is not a number', { size: '9' }],
  ['no key', { key: undefined }],
  ['no metadata', { metadata: null }],
  ['too few hashes', { blocks: Buffer.alloc(31) }],
  ['another size than its body', { inline: Buffer.alloc(3), size: 4 }],
])('a forged record with %s is a miss, and nothing else is removed', async (_, fields) => {
  const folder = await makeFolder();
  await writeFile(join(folder, 'precious'), 'x');
  const store = await openStore({ dir: join(folder, 'store') });
  await store.put('app', 'k', content(20_000));
  const [record] = await recordsIn(store.dir);
  await writeFile(record!, encodeRecord({ ...RECORD, ...fields } as typeof RECORD));
  const entry = await store.get('app', 'k');
  expect(await entry?.bytes()).toBeUndefined();
  expect(await store.get('app', 'k')).toBeUndefined();
  expect(await store.put('app', 'k', content(20_000))).toBe(true);
  expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('x');
});

test.each(['tmp', 'trash', 'leases', 'ns'])('a link in place of the folder %s is refused', async (name) => {
  const folder = await makeFolder();
  const outside = join(folder, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'file'), 'x');
  await utimes(join(outside, 'file'), 1, 1);
  const dir = join(folder, 'store');
  await (await openDiskStore({ dir })).close();
  await rm(join(dir, name), { recursive: true });
  await symlink(outside, join(dir, name));
  await expect(openDiskStore({ dir })).rejects.toMatchObject({ code: 'ERR_STORE_FORMAT' });
  expect(await readdir(outside)).toEqual(['file']);
});

test('a link to a generation that leads elsewhere is refused: nothing there is removed', async () => {
  const folder = await makeFolder();
  const store = await openStore({ dir: join(folder, 'store') });
  await store.put('app', 'k', content(20_000));
  const [record] = await recordsIn(store.dir);
  const current = join(dirname(dirname(dirname(record!))), 'current');
  const outside = join(folder, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'file'), 'x');
  await rm(current);
  await symlink('../../../outside', current);
  for (const operation of [
    () => store.clearNamespace('app'),
    () => store.put('app', 'k', content(1)),
    () => store.list('app'),
    () => store.usage(),
  ]) {
    await expect(operation()).rejects.toMatchObject({ code: 'ERR_STORE_FORMAT' });
  }
  expect(await readdir(outside)).toEqual(['file']);
});

test.each([
  ['empty', Buffer.alloc(0), true],
  ['less than nothing', doubles(-1e12), true],
  ['no numbers', doubles(Number.NaN, Number.POSITIVE_INFINITY, 0.5), true],
  ['cut', doubles(1, 2).subarray(0, 13), true],
  ['far too much', doubles(1e15), false],
])('a damaged sum of the bytes in use is corrected: %s', async (_, sum, isLow) => {
  const dir = await makeFolder();
  const first = await openDiskStore({ dir, maxBytes: 2 * MIB });
  for (let index = 0; index < 10; index += 1) await first.put('app', `k${index}`, content(100_000, index));
  await first.close();
  await writeFile(join(dir, 'usage'), sum);
  const store = await openStore({ dir, maxBytes: 2 * MIB });
  // Too large a sum is corrected when room is made, others when the store is opened.
  if (isLow) await waitUntil('the sum is corrected', () => store.stats().bytes > 10 * 100_000, SOON_MS);
  for (let index = 10; index < 40; index += 1) await store.put('app', `k${index}`, content(100_000, index));
  expect(await diskUsage(join(dir, 'ns'))).toBeLessThanOrEqual(2 * MIB);
  expect((await bodiesIn(dir)).length).toBeGreaterThan(10);
});

function doubles(...values: number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return bytes;
    }),
  );
}

test('a sum that is damaged while the store is open is corrected by the next write', async () => {
  const store = await openStore({ maxBytes: 2 * MIB });
  for (let index = 0; index < 10; index += 1) await store.put('app', `k${index}`, content(100_000, index));
  await appendFile(join(store.dir, 'usage'), doubles(-1e12));
  await store.put('app', 'k', content(100_000));
  expect(store.stats().bytes).toBeGreaterThan(10 * 100_000);
});
