import { randomBytes as secureRandomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { commitFiles, MemoryStore, mountedFiles, openHost, writeFiles } from './support.ts';

const SECRET = 'a secret that must not be readable in storage';
const key1 = secureRandomBytes(32);
const key2 = secureRandomBytes(32);

const open = (driver: MemoryStore, currentKey: string, keys: Record<string, Uint8Array>) =>
  openHost({ driver, encryption: { currentKey, keys } });

describe('encryption', () => {
  test('hides contents, names of files, cookies and checkpoints', async () => {
    const driver = new MemoryStore();
    const store = await open(driver, 'k1', { k1: key1 });
    await using mount = await store.mount('user', 's1');
    await writeFiles(mount.dir, { [`Default/${SECRET}`]: SECRET });
    await mount.commit({ sessionCookies: [{ name: SECRET }] });
    await mount.saveCheckpoint({ text: SECRET });
    await mount.discard();
    for (const [key, { bytes }] of driver.objects) {
      expect(Buffer.from(bytes).includes('secret'), key).toBe(false);
    }
    expect(await mountedFiles(await open(driver, 'k1', { k1: key1 }), 'user', 's1')).toEqual({
      [`Default/${SECRET}`]: SECRET,
    });
    await using again = await store.mount('user', 's1');
    expect(again.checkpoint?.state).toEqual({ text: SECRET });
  });

  test('with a wrong or missing key is a clear error', async () => {
    const driver = new MemoryStore();
    await commitFiles(await open(driver, 'k1', { k1: key1 }), 'user', 's1', { file: SECRET });
    const mount = async (store: ReturnType<typeof open> | ReturnType<typeof openHost>) =>
      (await store).mount('user', 's1');
    await expect(mount(open(driver, 'k1', { k1: key2 }))).rejects.toThrow(
      'cannot be decrypted with the key k1',
    );
    await expect(mount(open(driver, 'k2', { k2: key2 }))).rejects.toThrow(
      'encrypted with the key k1, which is not in',
    );
    await expect(mount(openHost({ driver }))).rejects.toThrow(
      'is encrypted with the key k1: set the option encryption',
    );
    await expect(mount(openHost({ driver }))).rejects.toMatchObject({ code: 'WRONG_KEY' });
  });

  test('refuses plain objects, and objects of another session or user', async () => {
    const driver = new MemoryStore();
    await commitFiles(await openHost({ driver }), 'user', 'plain', { file: 'plain' });
    const store = await open(driver, 'k1', { k1: key1 });
    await expect(store.mount('user', 'plain')).rejects.toThrow('is not encrypted');
    await commitFiles(store, 'user', 's1', { file: 'one' });
    const manifest = driver.objects.get('browser-state/user/s1/m/00000001')!;
    for (const target of ['user/s2', 'other/s1']) {
      driver.objects.set(`browser-state/${target}/m/00000001`, manifest);
      await expect(store.mount(...(target.split('/') as [string, string]))).rejects.toMatchObject({
        code: 'WRONG_KEY',
      });
    }
    driver.objects.set('browser-state/user/s1/m/00000002', manifest);
    await expect(store.mount('user', 's1')).rejects.toMatchObject({ code: 'WRONG_KEY' });
  });

  test('keys can be rotated', async () => {
    const driver = new MemoryStore();
    await commitFiles(await open(driver, 'k1', { k1: key1 }), 'user', 's1', { file: 'one' });
    const rotated = await open(driver, 'k2', { k1: key1, k2: key2 });
    await using mount = await rotated.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'two' });
    await mount.commit();
    const newest = Buffer.from(driver.objects.get('browser-state/user/s1/m/00000002')!.bytes);
    expect(newest.subarray(5, 7).toString()).toBe('k2');
    expect((await rotated.verify('user', 's1')).problems).toEqual([]);
  });

  test('keys of a wrong size and unknown IDs are refused', async () => {
    const driver = new MemoryStore();
    await expect(open(driver, 'k1', { k1: key1.subarray(1) })).rejects.toThrow('must have 32 bytes, not 31');
    await expect(open(driver, 'k2', { k1: key1 })).rejects.toThrow('there is no key with the ID k2');
    await expect(open(driver, 'k 1', { 'k 1': key1 })).rejects.toThrow('invalid key ID');
  });
});
