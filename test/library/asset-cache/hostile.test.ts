import { readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import { FakeOrigin, HOUR_MS, makeCache, makeFolder, respond } from './support.ts';

const A = 'https://cdn.example/app/A/main.dart.js';
const B = 'https://cdn.example/app/B/main.dart.js';
const TEXTS: Record<string, string> = { [A]: 'a'.repeat(50_000), [B]: 'b'.repeat(300) };
const ESCAPE = '\u001b';

/** The files of a cache, without its folders. */
async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  return found.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
}

describe('a folder that others have changed', () => {
  const changes: [string, (path: string, other: string) => Promise<unknown>][] = [
    ['is empty', (path) => replaceBy(path, '')],
    ['contains garbage', (path) => replaceBy(path, 'garbage '.repeat(1000))],
    [
      'is cut',
      async (path) => replaceBy(path, (await readFile(path).catch(() => Buffer.from('g-'))).subarray(0, 20)),
    ],
    ['is a link to a device', (path) => linkTo(path, '/dev/zero')],
    ['is a link to a file that cannot be read', (path) => linkTo(path, '/proc/self/mem')],
    ['is a link to nothing', (path) => linkTo(path, '/nonexistent/file')],
    ['is a link to the folder above', (path) => linkTo(path, '..')],
    ['is another file', (path, other) => rename(other, path)],
  ];

  async function replaceBy(path: string, content: string | Buffer): Promise<void> {
    await rm(path);
    await writeFile(path, content);
  }

  async function linkTo(path: string, target: string): Promise<void> {
    await rm(path);
    await symlink(target, path);
  }

  test.each(changes)('never changes an answer: each file in turn %s', async (_, change) => {
    const origin = new FakeOrigin((url) => respond(TEXTS[url]!));
    for (let index = 0; ; index += 1) {
      const dir = await makeFolder();
      const writer = await makeCache({ dir });
      for (const url of [A, B]) await writer.cache.getOrFetch(url, origin.fetch);
      await writer.cache.close();
      const files = (await filesIn(dir)).sort();
      // The records and the body, the links to generations, the format and the sum.
      if (index === files.length) {
        expect(index).toBeGreaterThanOrEqual(6);
        return;
      }
      await change(files[index]!, files[(index + 1) % files.length]!);
      const { cache, advance } = await makeCache({ dir, memoryMaxBytes: 0 });
      for (const url of [A, B, A, B]) {
        const [content] = await cache.getOrFetch(url, origin.fetch);
        expect(content.toString() === TEXTS[url], `${files[index]}: ${url}`).toBe(true);
      }
      await cache.status();
      advance(25 * HOUR_MS);
      expect((await cache.getOrFetch(A, origin.fetch))[0].toString()).toBe(TEXTS[A]);
    }
  });

  test('ignores entries of other programs', async () => {
    const dir = await makeFolder();
    await using store = await openDiskStore({ dir });
    const wrong = [
      {},
      { asset: 'x' },
      { url: A, asset: A, version: 1, headers: null, savedAt: 0, validatedAt: 0 },
    ];
    for (const metadata of wrong) {
      await store.put('assets', 'A https://cdn.example/app/*/main.dart.js', Buffer.from('wrong'), metadata);
      const { cache } = await makeCache({ dir });
      expect(await cache.load(A)).toBeNull();
      expect(await cache.status()).toEqual([]);
      expect((await cache.getOrFetch(A, () => 'right'))[0].toString()).toBe('right');
      await cache.clear();
    }
  });
});

describe('a clock that was wrong', () => {
  test('in the future does not keep an entry for ever', async () => {
    const dir = await makeFolder();
    const wrong = await makeCache({ dir });
    wrong.advance(1000 * HOUR_MS);
    await wrong.cache.save(A, 'old');
    const { cache } = await makeCache({ dir });
    expect((await cache.status())[0]!.fresh).toBe(false);
    expect(await cache.load(A)).toBeNull();
    expect((await cache.getOrFetch(A, () => 'new'))[0].toString()).toBe('new');
    expect(await cache.load(A)).not.toBeNull();
  });

  test('by a little changes nothing', async () => {
    const dir = await makeFolder();
    const ahead = await makeCache({ dir });
    ahead.advance(60_000);
    await ahead.cache.save(A, 'a');
    const { cache } = await makeCache({ dir });
    expect(await cache.load(A)).not.toBeNull();
  });
});

describe('a coding that was not decoded', () => {
  test.each(['compress', 'gzip, unknown', 'unknown'])(
    'is passed on with its field, and not kept: %s',
    async (coding) => {
      const { cache } = await makeCache();
      const headers = { 'content-encoding': coding, 'content-type': 'text/javascript' };
      const [content, metadata] = await cache.getOrFetch(A, () => respond('coded', headers));
      expect([content.toString(), metadata.headers]).toEqual(['coded', headers]);
      expect(await cache.save(A, 'coded', headers)).toBe(false);
      expect(await cache.status()).toEqual([]);
    },
  );

  test.each(['gzip', 'br', 'GZIP, identity', 'x-gzip'])('is not assumed for %s', async (coding) => {
    const { cache } = await makeCache();
    const headers = { 'content-encoding': coding, 'content-length': '3' };
    const [, metadata] = await cache.getOrFetch(A, () => respond('decoded', headers));
    expect(metadata.headers).toEqual({});
    expect(await cache.load(A)).not.toBeNull();
  });
});

test('line breaks and escape sequences of a version do not reach the log', async () => {
  const { cache, log } = await makeCache({ version: { query: 'v' } });
  const urlOf = (version: string) => `https://cdn.example/main.js?v=${encodeURIComponent(version)}`;
  await cache.save(urlOf('1'), 'a');
  await cache.save(urlOf(`${ESCAPE}[2J\nroot: \u202eall is well`), 'b');
  expect(log).toEqual([
    'https://cdn.example/main.js: version 1 (1 B) -> \\u001b[2J\\u000aroot: \\u202eall is well (1 B)',
  ]);
});

test('URLs of other schemes, and with users, are told apart', async () => {
  const { cache } = await makeCache();
  const urls = [
    'app://one/v/x.js',
    'app://two/v/x.js',
    'https://a@h.example/v/x.js',
    'https://h.example/v/x.js',
  ];
  for (const url of urls) await cache.save(url, url);
  for (const url of urls) expect((await cache.load(url))![0].toString()).toBe(url);
});

test('URLs that are not stored take no memory', async () => {
  const { cache } = await makeCache();
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let index = 0; index < 3000; index += 1) {
    await cache.load(`https://cdn.example/${index}/${'x'.repeat(20_000)}.js`);
  }
  collect();
  // 3000 URLs of 20 kB are 60 MB.
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(40_000_000);
});
