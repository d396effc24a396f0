import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  commitFiles,
  mountedFiles,
  openLocalHosts,
  randomBytes,
  readFiles,
  temporaryFolder,
  writeFiles,
} from './support.ts';

describe('a profile', () => {
  test('is the same on another host: small, empty and large files, in folders', async () => {
    const { a, b } = await openLocalHosts();
    const files = {
      'Local State': '{}',
      'Default/Cookies': randomBytes(40_000),
      'Default/empty': '',
      'Default/IndexedDB/large.log': randomBytes(3_000_000, 2),
      'Default/just over a chunk': randomBytes(65_537, 3),
      'Default/exactly a chunk': randomBytes(65_536, 4),
    };
    expect(await commitFiles(a, 'user', 's1', files)).toBe(1);
    await using mount = await b.mount('user', 's1');
    expect(mount.version).toBe(1);
    const expected = Object.entries(files).map(([path, content]) => [
      path,
      Buffer.from(content).toString('latin1'),
    ]);
    expect(await readFiles(mount.dir)).toEqual(Object.fromEntries(expected));
  });

  test('has a version for every commit that changes it, and keeps deleted files deleted', async () => {
    const { a, b } = await openLocalHosts();
    await commitFiles(a, 'user', 's1', { kept: '1', deleted: 'x' });
    await commitFiles(a, 'user', 's1', { kept: '2' });
    await commitFiles(b, 'user', 's1', { kept: '2' });
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ kept: '2' });
    expect((await b.versions('user', 's1')).map(({ version, parent }) => [version, parent])).toEqual([
      [2, 1],
      [1, 0],
    ]);
    await using old = await b.mount('user', 's1', { mode: 'ro', version: 1 });
    expect(await readFiles(old.dir)).toEqual({ kept: '1', deleted: 'x' });
  });

  test('leaves out what a browser can rebuild, locks and links, and says what', async () => {
    const { a, b } = await openLocalHosts({ exclude: ['Default/History', '*.tmp'] });
    await using mount = await a.mount('user', 's1');
    await writeFiles(mount.dir, {
      'Default/Cache/data_0': 'c',
      'Default/Code Cache/js/index': 'c',
      'Default/DawnWebGPUCache/data_0': 'c',
      'Default/Cookies-journal': 'j',
      'Default/LOCK': '',
      'Default/History': 'h',
      'Default/Sessions/History': 'kept',
      'Default/a.tmp': 't',
      'Default/Service Worker/CacheStorage/x/index': 'kept',
      'Default/Service Worker/ScriptCache/index': 'kept',
      DevToolsActivePort: '1',
    });
    await symlink('/etc/passwd', join(mount.dir, 'Default/link'));
    await mkdir(join(mount.dir, 'Default/empty folder'));
    await mount.commit();
    expect(Object.keys(await mountedFiles(b, 'user', 's1'))).toEqual([
      'Default/Service Worker/CacheStorage/x/index',
      'Default/Service Worker/ScriptCache/index',
      'Default/Sessions/History',
    ]);
  });

  test('can be exported, imported, forked and rolled back', async () => {
    const { a, b } = await openLocalHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await commitFiles(a, 'user', 's1', { file: 'two' });
    const folder = join(await temporaryFolder(), 'exported');
    await a.exportTo('user', 's1', folder, { version: 1 });
    expect(await readFiles(folder)).toEqual({ file: 'one' });
    await expect(a.exportTo('user', 's1', folder)).rejects.toThrow('is not empty');
    expect(await b.importFrom('user', 'imported', { folder })).toBe(1);
    await expect(b.importFrom('user', 'imported', { folder })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
    });
    expect(await b.fork('user', 's1', 'forked')).toBe(1);
    expect(await b.rollback('user', 's1', 1)).toBe(3);
    expect(await mountedFiles(a, 'user', 'imported')).toEqual({ file: 'one' });
    expect(await mountedFiles(a, 'user', 'forked')).toEqual({ file: 'two' });
    expect(await mountedFiles(a, 'user', 's1')).toEqual({ file: 'one' });
    expect((await a.versions('user', 's1')).map(({ reason }) => reason)).toEqual([
      'rollback',
      'commit',
      'commit',
    ]);
    expect(await a.verify('user', 's1')).toMatchObject({ versions: 3, problems: [] });
  });

  test('that a running browser uses, or that one has not closed, is not committed', async () => {
    const { a } = await openLocalHosts();
    await using mount = await a.mount('user', 's1');
    const { hostname } = await import('node:os');
    await writeFile(join(mount.dir, 'file'), 'content');
    await symlink(`${hostname()}-${process.pid}`, join(mount.dir, 'SingletonLock'));
    await expect(mount.commit()).rejects.toThrow(`a browser (process ${process.pid}) uses the profile`);
    const { rm } = await import('node:fs/promises');
    await rm(join(mount.dir, 'SingletonLock'));
    await symlink('another-host-1', join(mount.dir, 'SingletonLock'));
    await expect(mount.commit()).rejects.toMatchObject({ code: 'PROFILE_IN_USE' });
    expect(await mount.commit({ allowUnclean: true })).toBe(1);
    expect(await mountedFiles(a, 'user', 's1')).toEqual({ file: 'content' });
  });
});

describe('sessions', () => {
  test('s1 and s10 are separate, and so are users u1 and u10', async () => {
    const { a, b } = await openLocalHosts();
    await commitFiles(a, 'u1', 's1', { file: 'u1 s1' });
    await commitFiles(a, 'u1', 's10', { file: 'u1 s10' });
    await commitFiles(a, 'u10', 's1', { file: 'u10 s1' });
    expect(await mountedFiles(b, 'u1', 's1')).toEqual({ file: 'u1 s1' });
    expect(await b.sessions('u1')).toEqual(['s1', 's10']);
    expect(await b.delete('u1', 's1')).toBe(true);
    expect(await b.delete('u1', 's1')).toBe(false);
    expect(await b.sessions('u1')).toEqual(['s10']);
    expect(await b.has('u1', 's1')).toBe(false);
    expect(await b.has('u1', 's10')).toBe(true);
    expect(await mountedFiles(a, 'u1', 's10')).toEqual({ file: 'u1 s10' });
    expect(await b.sessions('u10')).toEqual(['s1']);
  });

  test('1,500 files come back', async () => {
    const { a, b } = await openLocalHosts();
    const files = Object.fromEntries(
      Array.from({ length: 1500 }, (_, i) => [`Default/${i % 40}/${i}`, `content ${i}`]),
    );
    await commitFiles(a, 'user', 's1', files);
    const mounted = await mountedFiles(b, 'user', 's1');
    expect(Object.keys(mounted)).toHaveLength(1500);
    expect(mounted).toEqual(Object.fromEntries(Object.entries(files).sort(([x], [y]) => (x < y ? -1 : 1))));
  });

  test('a deleted session can be created again; its numbers are not used again', async () => {
    const { a, b } = await openLocalHosts();
    await commitFiles(a, 'user', 's1', { file: 'old' });
    await a.delete('user', 's1');
    await expect(b.mount('user', 's1', { mode: 'ro' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await using mount = await b.mount('user', 's1');
    expect(mount.version).toBe(0);
    expect(await readFiles(mount.dir)).toEqual({});
    await writeFiles(mount.dir, { file: 'new' });
    expect(await mount.commit()).toBe(3);
    expect((await a.versions('user', 's1')).map(({ version }) => version)).toEqual([3]);
  });

  test.each(['', '.', '..', 'a/b', 'a\\b', '~', 'ü', 'a b', 'x'.repeat(129), '../s2', 's1\n'])(
    'the ID %j is refused',
    async (id) => {
      const { a } = await openLocalHosts();
      await expect(a.mount('user', id)).rejects.toThrow(RangeError);
      await expect(a.delete(id, 's1')).rejects.toThrow(RangeError);
    },
  );

  test.each(['/', 'a', 'a//', '../', 'a/../', '/a/'])('the prefix %j is refused', async (prefix) => {
    await expect(openLocalHosts({ prefix })).rejects.toThrow(RangeError);
  });
});
