import { describe, expect, test } from 'vitest';
import { encodeObject } from '../../../src/library/browser-state/content/envelope.ts';
import { emptyManifest, type Manifest } from '../../../src/library/browser-state/content/manifest.ts';
import { StorageError } from '../../../src/library/browser-state/index.ts';
import { commitFiles, MemoryStore, openHost, randomBytes } from './support.ts';

const ROOT = 'browser-state/user/s1/';

async function openCommitted() {
  const driver = new MemoryStore();
  const files = { file: 'content', large: randomBytes(100_000) };
  await commitFiles(await openHost({ driver }), 'user', 's1', files);
  const store = await openHost({ driver });
  const keyOf = (kind: string) =>
    [...driver.objects.keys()].find((key) => key.startsWith(`${ROOT}${kind}/`))!;
  const replace = (key: string, change: (bytes: Buffer) => Uint8Array) => {
    const { bytes, modifiedMs } = driver.objects.get(key)!;
    driver.objects.set(key, { bytes: change(Buffer.from(bytes)), modifiedMs });
  };
  return { driver, store, keyOf, replace };
}

describe('stored bytes', () => {
  test.each(['m', 'p'])(
    'are verified: any changed, missing or added byte of %s/ is an error',
    async (kind) => {
      const { driver, store, keyOf, replace } = await openCommitted();
      const key = keyOf(kind);
      const original = Buffer.from(driver.objects.get(key)!.bytes);
      for (let position = 0; position < original.length; position += Math.ceil(original.length / 40)) {
        replace(key, () => original.with(position, original[position]! ^ 1));
        await expect(store.mount('user', 's1')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', key });
        expect((await store.verify('user', 's1')).problems).toHaveLength(1);
      }
      for (const bytes of [
        original.subarray(0, -1),
        original.subarray(0, 3),
        Buffer.alloc(0),
        Buffer.concat([original, Buffer.of(0)]),
      ]) {
        replace(key, () => bytes);
        await expect(store.mount('user', 's1')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', key });
      }
    },
  );

  test('of another session, version or kind are not accepted', async () => {
    const { driver, store, keyOf } = await openCommitted();
    await commitFiles(store, 'user', 's2', { file: 'of s2' });
    const other = driver.objects.get('browser-state/user/s2/m/00000001')!;
    driver.objects.set(keyOf('m'), other);
    await expect(store.mount('user', 's1')).rejects.toThrow('is version 1 of session user/s2');
  });

  test('that are missing are an error, never an empty profile', async () => {
    const { driver, store, keyOf } = await openCommitted();
    driver.objects.delete(keyOf('p'));
    await expect(store.mount('user', 's1')).rejects.toThrow('the pack is missing');
  });

  test('that cannot be listed or read are an error, never an empty profile', async () => {
    for (const failing of ['list', 'get']) {
      const { driver, store } = await openCommitted();
      driver.before = (call) => {
        if (call.startsWith(failing)) throw new StorageError('access denied', { transient: false });
      };
      await expect(store.mount('user', 's1')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await expect(store.has('user', 's1')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      if (failing === 'list') await expect(store.sessions('user')).rejects.toThrow('access denied');
    }
  });
});

describe('a hostile manifest', () => {
  const HASH = 'a'.repeat(64);
  const pack = { name: HASH, size: 10, rawSize: 10, version: 1 };
  const chunk = { hash: HASH, pack: 0, offset: 0, length: 10 };
  const file = (path: string) => ({ path, size: 10, mode: 0o600, chunks: [0] });
  const valid = { ...emptyManifest('user', 's1', 1), packs: [pack], chunks: [chunk], files: [file('a')] };

  async function mountManifest(manifest: unknown) {
    const driver = new MemoryStore();
    const store = await openHost({ driver, maxProfileBytes: 1_000_000 });
    const payload = Buffer.from(JSON.stringify(manifest));
    const bytes = await encodeObject(
      'manifest',
      { user: 'user', session: 's1', version: 1 },
      payload,
      undefined,
    );
    driver.objects.set(`${ROOT}m/00000001`, { bytes, modifiedMs: 0 });
    return await store.mount('user', 's1', { mode: 'ro' });
  }

  test.each<[string, Partial<Manifest> | object, string]>([
    ['a path with ..', { files: [file('../a')] }, 'unsafe path'],
    ['a path with .. inside', { files: [file('a/../../b')] }, 'unsafe path'],
    ['an absolute path', { files: [file('/etc/passwd')] }, 'unsafe path'],
    ['an empty path', { files: [file('')] }, 'unsafe path'],
    ['an empty part', { files: [file('a//b')] }, 'unsafe path'],
    ['a backslash', { files: [file('..\\a')] }, 'unsafe path'],
    ['a NUL', { files: [file('a\0b')] }, 'unsafe path'],
    ['a long path', { files: [file('a'.repeat(2000))] }, 'unsafe path'],
    ['a path twice', { files: [file('a'), file('a')] }, 'occurs twice'],
    ['a file as a folder', { files: [file('a'), file('a/b')] }, 'is a file and a folder'],
    ['setuid bits', { files: [{ ...file('a'), mode: 0o4755 }] }, 'mode'],
    [
      'a size that is not that of its chunks',
      { files: [{ ...file('a'), size: 11 }] },
      'not that of its chunks',
    ],
    ['a negative size', { files: [{ ...file('a'), size: -1 }] }, 'size'],
    ['an unknown chunk', { files: [{ ...file('a'), chunks: [1] }] }, 'does not exist'],
    ['a chunk outside its pack', { chunks: [{ ...chunk, offset: 1 }] }, 'not within its pack'],
    ['a chunk of an unknown pack', { chunks: [{ ...chunk, pack: 1 }] }, 'not within its pack'],
    ['a huge pack', { packs: [{ ...pack, rawSize: 2 ** 40 }] }, 'size of a pack'],
    ['a pack with a path', { packs: [{ ...pack, name: '../../x' }] }, 'not a SHA-256'],
    [
      'more bytes than the limit',
      { files: [{ path: 'a', size: 2_000_000, mode: 0o600, chunks: Array(200_000).fill(0) }] },
      'the limit (maxProfileBytes) is 1000000',
    ],
    ['files that are not a list', { files: {} }, 'a list is missing'],
    ['an unknown reason', { reason: 'because' }, 'unknown reason'],
  ])('with %s is refused', async (_, fields, message) => {
    const mount = mountManifest({ ...valid, ...fields });
    await expect(mount).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' });
    await expect(mount).rejects.toThrow(message);
  });

  test('that is not an object is refused', async () => {
    for (const manifest of [null, [], 'text', 1]) {
      await expect(mountManifest(manifest)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' });
    }
  });

  test('that decompresses to more than it may is refused', async () => {
    await expect(mountManifest({ ...valid, id: 'x'.repeat(70_000_000) })).rejects.toThrow(
      'cannot be decompressed',
    );
  });

  test('that says less than its pack contains is refused', async () => {
    const driver = new MemoryStore();
    const store = await openHost({ driver });
    const context = { user: 'user', session: 's1', version: 1 };
    const { sha256 } = await import('../../../src/library/browser-state/content/hash.ts');
    const bytes = await encodeObject('pack', context, Buffer.alloc(10_000_000), undefined);
    const name = sha256(bytes);
    const manifest = { ...valid, packs: [{ ...pack, name }] };
    const encoded = await encodeObject('manifest', context, Buffer.from(JSON.stringify(manifest)), undefined);
    driver.objects.set(`${ROOT}m/00000001`, { bytes: encoded, modifiedMs: 0 });
    driver.objects.set(`${ROOT}p/${name}`, { bytes, modifiedMs: 0 });
    await expect(store.mount('user', 's1')).rejects.toThrow('cannot be decompressed to at most 10 bytes');
  });
});
