import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AssetCache, type VersionChange } from '../../../src/library/asset-cache/index.ts';
import { failDisk } from '../../support/failing-disk.ts';
import { FakeOrigin, HOUR_MS, makeCache, makeFolder, respond } from './support.ts';

const A = 'https://cdn.example/app/A/main.dart.js';
const B = 'https://cdn.example/app/B/main.dart.js';
const urlOf = (version: string) => `https://cdn.example/app/${version}/main.dart.js`;

describe('load and save', () => {
  test('return what was saved, with its metadata', async () => {
    const { cache } = await makeCache();
    expect(await cache.load(A)).toBeNull();
    expect(await cache.save(A, 'main()', { ETag: '"1"', 'Content-Type': 'text/javascript' })).toBe(true);
    const [content, metadata] = (await cache.load(A))!;
    expect(content.toString()).toBe('main()');
    expect(metadata).toMatchObject({
      url: A,
      asset: 'https://cdn.example/app/*/main.dart.js',
      version: 'A',
      status: 200,
      size: 6,
      source: 'memory',
      headers: { etag: '"1"', 'content-type': 'text/javascript' },
    });
  });

  test('find in a new process what was saved, verified', async () => {
    const dir = await makeFolder();
    const first = await makeCache({ dir });
    await first.cache.save(A, 'main()');
    const second = await makeCache({ dir });
    const [content, { source, sha256 }] = (await second.cache.load(A))!;
    expect([content.toString(), source]).toEqual(['main()', 'disk']);
    expect(sha256).toBe(createHash('sha256').update('main()').digest('hex'));
    expect((await second.cache.load(A))![1].source).toBe('memory');
  });

  test('keep binary content as it is, and count bytes, not characters', async () => {
    const dir = await makeFolder();
    const { cache } = await makeCache({ dir });
    const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 0xff, 0xfe, 0, 0x80]);
    await cache.save('https://cdn.example/v1/a.wasm', wasm);
    await cache.save('https://cdn.example/v1/a.txt', 'é'.repeat(100));
    const again = await makeCache({ dir });
    expect((await again.cache.load('https://cdn.example/v1/a.wasm'))![0].equals(wasm)).toBe(true);
    expect((await again.cache.load('https://cdn.example/v1/a.txt'))![1].size).toBe(200);
  });

  test('tell assets apart by host, path and query', async () => {
    const { cache } = await makeCache();
    const urls = [
      'https://a.example/v1/main.js',
      'https://b.example/v1/main.js',
      'https://a.example:8443/v1/main.js',
      'http://a.example/v1/main.js',
      'https://a.example/x/v1/main.js',
      'https://a.example/v1/main.js?lang=fr',
      'https://a.example/v1/other.js',
    ];
    for (const url of urls) await cache.save(url, url);
    for (const url of urls) expect((await cache.load(url))![0].toString()).toBe(url);
    expect((await cache.status()).map(({ asset }) => asset).sort()).toHaveLength(urls.length);
  });

  test('replay the original header fields, but not those of a session, a connection or a coding', async () => {
    const { cache } = await makeCache();
    await cache.save(A, 'x', {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Content-Type': 'text/javascript; charset=utf-8',
      'Set-Cookie': 'id=1',
      'Clear-Site-Data': '"*"',
      NEL: '{}',
      'Report-To': '{}',
      'Authentication-Info': 'x',
      'Content-Encoding': 'gzip',
      'Transfer-Encoding': 'chunked',
    });
    expect((await cache.load(A))![1].headers).toEqual({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'content-type': 'text/javascript; charset=utf-8',
    });
  });

  test('do not keep content of another length than stated', async () => {
    const { cache } = await makeCache();
    expect(await cache.save(A, 'main', { 'Content-Length': '5' })).toBe(false);
    expect(await cache.load(A)).toBeNull();
    expect(await cache.save(A, 'main', { 'content-length': '4' })).toBe(true);
    expect(await cache.save(A, 'main()', { 'content-length': '4', 'content-encoding': 'gzip' })).toBe(true);
  });

  test('return null past the age', async () => {
    const { cache, advance } = await makeCache();
    await cache.save(A, 'main()');
    advance(24 * HOUR_MS - 1);
    expect(await cache.load(A)).not.toBeNull();
    advance(1);
    expect(await cache.load(A)).toBeNull();
    expect(await cache.status()).toMatchObject([{ fresh: false, ageS: 86_400 }]);
  });

  test('read the disk again after the time in memory', async () => {
    const { cache, advance } = await makeCache();
    await cache.save(A, 'main()');
    advance(299_999);
    expect((await cache.load(A))![1].source).toBe('memory');
    advance(1);
    expect((await cache.load(A))![1].source).toBe('disk');
  });
});

describe('loads at the same time', () => {
  test('read the disk once', async () => {
    const { cache } = await makeCache({ memoryMaxBytes: 0 });
    await cache.save(A, Buffer.alloc(1_000_000));
    const bodies = (await Promise.all(Array.from({ length: 20 }, () => cache.load(A)))).map((one) => one![0]);
    expect(new Set(bodies).size).toBe(1);
    expect((await cache.load(A))![0]).not.toBe(bodies[0]);
    expect((await cache.metrics()).diskHits).toBe(21);
  });

  test.each<[string, (cache: AssetCache) => Promise<unknown>, string | null]>([
    ['a save', (cache) => cache.save(A, 'new'), 'new'],
    ['a clear', (cache) => cache.clear(), null],
  ])('and before %s do not bring the former content back', async (_, change, expected) => {
    const dir = await makeFolder();
    const { cache } = await makeCache({ dir });
    await (await makeCache({ dir })).cache.save(A, 'old'.repeat(10_000));
    const { promise, resolve } = Promise.withResolvers<'works'>();
    const started = Promise.withResolvers<void>();
    using _disk = await failDisk({
      code: 'EIO',
      decide: (place) => {
        if (!/^handle.read at \S*body/.test(place)) return 'works';
        started.resolve();
        return promise;
      },
    });
    const loading = cache.load(A);
    await started.promise;
    await change(cache);
    resolve('works');
    expect((await loading)![0].toString()).toBe('old'.repeat(10_000));
    expect((await cache.load(A))?.[0].toString() ?? null).toBe(expected);
  });
});

describe('getOrFetch', () => {
  test('fetches once for concurrent callers, and not again', async () => {
    const { cache } = await makeCache();
    const origin = new FakeOrigin(() => respond('main()'));
    const answers = await Promise.all(Array.from({ length: 20 }, () => cache.getOrFetch(A, origin.fetch)));
    expect(answers.map(([content]) => content.toString())).toEqual(Array(20).fill('main()'));
    expect((await cache.getOrFetch(A, origin.fetch))[1].source).toBe('memory');
    expect(origin.requests).toHaveLength(1);
    expect(await cache.metrics()).toMatchObject({
      misses: 1,
      hits: 20,
      hitRate: 95.24,
      bytesFetched: 6,
      bytesSaved: 120,
    });
  });

  test.each([[404], [500], [206], [301], [204]])(
    'returns a response with status %i and does not keep it',
    async (status) => {
      const { cache } = await makeCache();
      const origin = new FakeOrigin(() => respond('no', { 'x-a': '1' }, status));
      const [content, metadata] = await cache.getOrFetch(A, origin.fetch);
      expect([content.toString(), metadata.status, metadata.headers]).toEqual(['no', status, { 'x-a': '1' }]);
      await cache.getOrFetch(A, origin.fetch);
      expect(origin.requests).toHaveLength(2);
      expect(await cache.load(A)).toBeNull();
      expect(await cache.status()).toEqual([]);
    },
  );

  test('does not keep the response of a redirect', async () => {
    const { cache } = await makeCache();
    const redirected = new FakeOrigin(() => ({ status: 200, headers: {}, body: 'x', redirected: true }));
    await cache.getOrFetch(A, redirected.fetch);
    const elsewhere = new FakeOrigin(() => ({
      status: () => 200,
      headers: () => ({}),
      body: 'x',
      url: () => B,
    }));
    await cache.getOrFetch(A, elsewhere.fetch);
    expect(await cache.load(A)).toBeNull();
  });

  test('does not keep a response that is shorter than stated', async () => {
    const { cache } = await makeCache();
    const origin = new FakeOrigin(() => respond('half', { 'content-length': '8' }));
    expect((await cache.getOrFetch(A, origin.fetch))[0].toString()).toBe('half');
    expect(await cache.status()).toEqual([]);
  });

  test('passes an error of the origin to all who wait, and tries again later', async () => {
    const { cache } = await makeCache();
    let calls = 0;
    const fetch = async () => {
      calls += 1;
      if (calls === 1) throw new Error('connection reset');
      return 'main()';
    };
    const failed = await Promise.allSettled([cache.getOrFetch(A, fetch), cache.getOrFetch(A, fetch)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await cache.getOrFetch(A, fetch))[0].toString()).toBe('main()');
    expect(calls).toBe(2);
  });

  test('revalidates with ETag and Last-Modified past the age: a 304 renews the entry', async () => {
    const { cache, advance } = await makeCache();
    const validators = { etag: '"1"', 'last-modified': 'Mon, 20 Oct 2025 06:45:00 GMT' };
    const origin = new FakeOrigin(() => respond('main()', validators));
    await cache.getOrFetch(A, origin.fetch);
    advance(25 * HOUR_MS);
    origin.answer = () => respond('', { etag: '"1"', 'x-new': '1' }, 304);
    const [content, metadata] = await cache.getOrFetch(A, origin.fetch);
    expect([content.toString(), metadata.source, metadata.status]).toEqual(['main()', 'revalidated', 200]);
    expect(metadata.headers).toEqual({ ...validators, 'x-new': '1' });
    expect(origin.requests[1]!.headers).toEqual({
      'if-none-match': '"1"',
      'if-modified-since': 'Mon, 20 Oct 2025 06:45:00 GMT',
    });
    advance(23 * HOUR_MS);
    expect((await cache.load(A))![1].headers).toEqual({ ...validators, 'x-new': '1' });
    expect(origin.requests).toHaveLength(2);
    expect(await cache.metrics()).toMatchObject({ revalidations: 1, bytesFetched: 6 });
  });

  test('replaces an entry past its age if the origin has another one, and fetches it without validators', async () => {
    const { cache, advance } = await makeCache();
    let body = 'one';
    const origin = new FakeOrigin(() => respond(body, body === 'one' ? { etag: '"1"' } : {}));
    for (body of ['one', 'two', 'three']) {
      expect((await cache.getOrFetch(A, origin.fetch))[0].toString()).toBe(body);
      advance(25 * HOUR_MS);
    }
    expect(origin.requests.map(({ headers }) => headers)).toEqual([{}, { 'if-none-match': '"1"' }, {}]);
  });
});

describe('versions', () => {
  test('live side by side: a site that serves A, B, A, B has each fetched once', async () => {
    const { cache, log } = await makeCache();
    const changes: VersionChange[] = [];
    cache.on('version', (change) => changes.push(change));
    const origin = new FakeOrigin((url) => respond(url === A ? 'x'.repeat(2048) : 'yyy'));
    for (const url of [A, B, A, B, A, B]) await cache.getOrFetch(url, origin.fetch);
    expect(origin.requests.map(({ url }) => url)).toEqual([A, B]);
    const asset = 'https://cdn.example/app/*/main.dart.js';
    expect(changes).toEqual([{ asset, from: 'A', to: 'B', fromSize: 2048, toSize: 3 }]);
    expect(log).toEqual([`${asset}: version A (2.00 KB) -> B (3 B)`]);
    expect((await cache.metrics()).versionChanges).toBe(1);
  });

  test('are kept up to a number: those used last', async () => {
    const { cache, advance } = await makeCache();
    for (const version of ['1', '2', '3', '4', '5']) {
      await cache.save(urlOf(version), version);
      advance(1000);
      if (version >= '3') await cache.load(urlOf('1'));
      advance(1000);
    }
    expect((await cache.versions(urlOf('9'))).map(({ version }) => version)).toEqual(['5', '4', '1']);
    expect(await cache.load(urlOf('2'))).toBeNull();
  });

  test('are reported by another process as well, with sizes', async () => {
    const dir = await makeFolder();
    const first = await makeCache({ dir });
    await first.cache.save(A, 'aa');
    const second = await makeCache({ dir });
    await second.cache.save(B, 'b');
    expect(second.log).toEqual(['https://cdn.example/app/*/main.dart.js: version A (2 B) -> B (1 B)']);
    expect((await first.cache.versions(A)).map(({ version }) => version).sort()).toEqual(['A', 'B']);
  });

  test('of concurrent saves are all listed', async () => {
    const dir = await makeFolder();
    const caches = await Promise.all([1, 2, 3].map(() => makeCache({ dir, keepVersions: 100 })));
    const names = Array.from({ length: 30 }, (_, index) => `v${index}`);
    await Promise.all(names.map((name, index) => caches[index % 3]!.cache.save(urlOf(name), name)));
    const listed = await caches[0]!.cache.versions(A);
    expect(listed.map(({ version }) => version).sort()).toEqual([...names].sort());
  });

  test('in strict mode: one version, others are invalid', async () => {
    const { cache } = await makeCache({ strict: true });
    await cache.save(A, 'a');
    expect(await cache.load(A)).not.toBeNull();
    expect(await cache.load(B)).toBeNull();
    expect(await cache.load(A)).toBeNull();
    await cache.save(A, 'a');
    await cache.save(B, 'b');
    expect((await cache.status()).map(({ version }) => version)).toEqual(['B']);
  });

  test('come from a field of the response', async () => {
    const { cache, advance } = await makeCache({ version: { header: 'X-Version' } });
    let version = '1';
    const origin = new FakeOrigin(() => respond(`v${version}`, { 'x-version': version }));
    const url = 'https://cdn.example/main.js';
    expect((await cache.getOrFetch(url, origin.fetch))[1].version).toBe('1');
    expect((await cache.getOrFetch(url, origin.fetch))[1].source).toBe('memory');
    version = '2';
    advance(25 * HOUR_MS);
    expect((await cache.getOrFetch(url, origin.fetch))[0].toString()).toBe('v2');
    expect((await cache.load(url))![1].version).toBe('2');
    expect((await cache.versions(url)).map((one) => one.version)).toEqual(['2', '1']);
  });

  test('are ignored on request: each URL is an asset of its own', async () => {
    const { cache, log } = await makeCache({ version: false, keepVersions: 1 });
    await cache.save(A, 'a');
    await cache.save(B, 'b');
    expect((await cache.load(A))![0].toString()).toBe('a');
    expect(log).toEqual([]);
  });
});

describe('the memory level', () => {
  test.each(['fifo', 'lru'] as const)(
    'never exceeds its limit, and removes in the order of %s',
    async (memoryEviction) => {
      const { cache } = await makeCache({ memoryMaxBytes: 40_000, memoryEviction });
      const url = (index: number) => `https://cdn.example/v1/${index}.js`;
      for (let index = 0; index < 3; index += 1) await cache.save(url(index), Buffer.alloc(10_000));
      await cache.load(url(0));
      await cache.save(url(3), Buffer.alloc(10_000));
      const { memory } = await cache.metrics();
      expect(memory.bytes).toBeLessThanOrEqual(40_000);
      expect(memory).toMatchObject({ entries: 3, evictions: 1 });
      const inMemory = (await cache.status()).filter((one) => one.inMemory).map((one) => one.url);
      expect(inMemory).not.toContain(url(memoryEviction === 'fifo' ? 0 : 1));
      await cache.save(url(4), Buffer.alloc(50_000));
      expect((await cache.metrics()).memory.bytes).toBeLessThanOrEqual(40_000);
      expect((await cache.load(url(4)))![1].source).toBe('disk');
    },
  );

  test('can be disabled', async () => {
    const { cache } = await makeCache({ memoryMaxBytes: 0 });
    await cache.save(A, 'a');
    expect((await cache.load(A))![1].source).toBe('disk');
  });
});

describe('settings', () => {
  test('are read from the environment by the names of the seed', async () => {
    const dir = await makeFolder();
    const { cache, advance } = await makeCache({
      env: {
        CACHE_DIR: dir,
        CACHE_MAX_AGE_HOURS: '1',
        MEMORY_CACHE_MAX_SIZE_MB: '1',
        MEMORY_CACHE_TTL_SECONDS: '10',
        AUTO_CACHE_ON_MISS: 'false',
        VERSION_AWARE_CACHING: 'false',
      },
      ...({ dir: undefined } as object),
    });
    expect(cache.dir).toBe(dir);
    const origin = new FakeOrigin(() => respond('x'));
    await cache.getOrFetch(A, origin.fetch);
    expect(await cache.load(A)).toBeNull();
    await cache.save(A, 'a');
    expect((await cache.load(A))![1]).toMatchObject({ asset: A, version: '', source: 'memory' });
    advance(10_000);
    expect((await cache.load(A))![1].source).toBe('disk');
    advance(HOUR_MS);
    expect(await cache.load(A)).toBeNull();
    expect((await cache.metrics()).memory.maxBytes).toBe(1024 * 1024);
  });

  test.each(['USE_LOCAL_CACHE', 'USE_LOCAL_CACHE_FOR_MAIN_DART'])(
    '%s=false disables the cache',
    async (name) => {
      const { cache } = await makeCache({ env: { [name]: 'false' } });
      const origin = new FakeOrigin(() => respond('x'));
      expect(await cache.save(A, 'a')).toBe(false);
      for (let count = 0; count < 2; count += 1) {
        expect((await cache.getOrFetch(A, origin.fetch))[0].toString()).toBe('x');
      }
      expect(origin.requests).toHaveLength(2);
      expect(await cache.load(A)).toBeNull();
    },
  );

  test('that are not valid are all reported', () => {
    const env = { CACHE_MAX_AGE_HOURS: 'soon', MEMORY_CACHE_MAX_SIZE_MB: '-1' };
    expect(() => new AssetCache({ env })).toThrow(/CACHE_MAX_AGE_HOURS.*\n.*MEMORY_CACHE_MAX_SIZE_MB/);
    expect(() => new AssetCache({ env: {}, keepVersions: 0 })).toThrow(RangeError);
    expect(() => new AssetCache({ env: {}, maxAgeS: Number.NaN })).toThrow(RangeError);
  });

  test('are not required', async () => {
    const home = await makeFolder();
    await using cache = new AssetCache({ env: { XDG_CACHE_HOME: home } });
    expect(cache.dir).toBe(join(home, 'roundhouse', 'assets'));
    expect(await cache.save(A, 'a')).toBe(true);
    expect(await cache.load(A)).not.toBeNull();
  });
});

test('a disk that cannot be used costs misses, not answers', async () => {
  const dir = join(await makeFolder(), 'file');
  await writeFile(dir, 'not a folder');
  const { cache, errors, log } = await makeCache({ dir });
  const origin = new FakeOrigin(() => respond('main()'));
  expect(await cache.load(A)).toBeNull();
  expect((await cache.getOrFetch(A, origin.fetch))[0].toString()).toBe('main()');
  expect((await cache.getOrFetch(A, origin.fetch))[1].source).toBe('memory');
  expect(await cache.save(B, 'b')).toBe(false);
  expect(await cache.status()).toEqual([]);
  expect(origin.requests).toHaveLength(1);
  expect(errors.length).toBeGreaterThan(1);
  expect(log).toEqual([expect.stringContaining(`cannot use ${dir}: DiskStoreError`)]);
  expect((await cache.metrics()).diskErrors).toBe(errors.length);
});

test('namespaces share nothing, and one is cleared alone', async () => {
  const dir = await makeFolder();
  const one = await makeCache({ dir, namespace: 'one' });
  const two = await makeCache({ dir, namespace: 'two' });
  await one.cache.save(A, '1');
  await two.cache.save(A, '2');
  expect((await one.cache.load(A))![0].toString()).toBe('1');
  await one.cache.clear();
  expect(await one.cache.load(A)).toBeNull();
  expect((await two.cache.load(A))![0].toString()).toBe('2');
});
