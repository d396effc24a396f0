import { randomBytes as secureRandomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ok, openCli } from './cli-support.ts';
import { commitFiles, mountedFiles, readFiles, temporaryFolder, writeFiles } from './support.ts';

describe('roundhouse-profile', () => {
  test('lists, copies, restores, checks and deletes sessions', async () => {
    const { run, store } = await openCli();
    await commitFiles(store, 'user', 's1', { file: 'one' });
    await commitFiles(store, 'user', 's1', { file: 'two' });
    expect(await run('list', 'user')).toEqual(ok('s1\n'));
    expect(await run('versions', 'user', 's1')).toEqual(
      ok(/^ {7}2 {2}\S+Z {2}commit\n {7}1 {2}\S+Z {2}commit\n$/),
    );
    expect(await run('rollback', 'user', 's1', '--version', '1')).toEqual(ok('version 3\n'));
    expect(await run('fork', 'user', 's1', 's2', '--version', '2')).toEqual(ok('version 1 of s2\n'));
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ file: 'one' });
    expect(await mountedFiles(store, 'user', 's2')).toEqual({ file: 'two' });
    expect(await run('verify', 'user')).toEqual(
      ok(/^s1: 3 versions, .* 0 problems\ns2: 1 versions, .* 0 problems\n$/),
    );
    expect(await run('sweep', 'user', 's1', '--max-versions', '1')).toEqual(
      ok('s1: removed 2 versions, 0 packs, 0 bytes\n'),
    );
    expect(await run('delete', 'user', 's2')).toEqual(ok(''));
    expect(await run('list', 'user', '--json')).toEqual(ok('{"session":"s1"}\n'));
  });

  test('imports, commits and exports folders, with a progress bar', async () => {
    const { run, store } = await openCli();
    const [folder, exported] = [await temporaryFolder(), join(await temporaryFolder(), 'exported')];
    await writeFiles(folder, { 'Default/file': 'one' });
    expect(await run('import', 'user', 's1', folder)).toEqual(ok('version 1\n'));
    await writeFiles(folder, { 'Default/file': 'two' });
    const committed = await run('commit', 'user', 's1', folder, '--progress');
    expect(committed).toMatchObject({ stdout: 'version 2\n', code: 0 });
    expect(committed.stderr).toContain('upload 0.0 MB');
    const copied = await run('export', 'user', 's1', exported, '--progress');
    expect(copied.stderr).toContain(`[${'#'.repeat(24)}] 0.0 MB of 0.0 MB`);
    expect(await readFiles(exported)).toEqual({ 'Default/file': 'two' });
    await writeFile(join(folder, 'state.json'), '{ "cookies": [], "origins": [] }');
    expect(await run('import', 'user', 's2', join(folder, 'state.json'))).toEqual(ok('version 1\n'));
    await using mount = await store.mount('user', 's2', { mode: 'ro' });
    expect(mount.sidecar.storageState).toEqual({ cookies: [], origins: [] });
  });

  test('finds damage, and exits with 1', async () => {
    const { folder, run, store } = await openCli();
    await commitFiles(store, 'user', 's1', { file: 'content' });
    const packs = join(folder, 'browser-state/user/s1/p');
    const [pack = ''] = await readdir(packs);
    await writeFile(join(packs, pack), 'damaged');
    const result = await run('verify', 'user', 's1');
    expect(result).toMatchObject({ code: 1, stdout: expect.stringContaining('it is damaged') });
  });

  test('encrypts with a key from a file', async () => {
    const { run } = await openCli();
    const [folder, keys] = [await temporaryFolder(), await temporaryFolder()];
    await writeFiles(folder, { file: 'content' });
    await writeFile(join(keys, 'k1'), secureRandomBytes(32));
    const key = ['--key', `k1=${join(keys, 'k1')}`];
    expect(await run('import', 'user', 's1', folder, ...key)).toEqual(ok('version 1\n'));
    expect(await run('verify', 'user', 's1', ...key)).toMatchObject({ code: 0 });
    const without = await run('export', 'user', 's1', join(folder, 'exported'));
    expect(without).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is encrypted with the key k1'),
    });
  });

  test.each<[string, string[], string]>([
    ['no command', [], 'Usage: roundhouse-profile'],
    ['an unknown command', ['remove'], 'unknown command: remove'],
    ['an unknown option', ['list', 'user', '--depth', '1'], '--depth'],
    ['a missing argument', ['versions', 'user'], 'wrong number of arguments for versions'],
    ['a session that does not exist', ['delete', 'user', 's1'], 'session user/s1 does not exist'],
    [
      'a version that is no number',
      ['rollback', 'user', 's1', '--version', 'x'],
      '--version must be a number',
    ],
    ['an unknown mode', ['mount', 'user', 's1', '--mode', 'x', '--', 'true'], '--mode must be'],
    ['no program', ['mount', 'user', 's1'], 'mount requires a program'],
    ['a key without an ID', ['list', 'user', '--key', 'file'], '--key must be ID=FILE'],
  ])('explains %s', async (_, args, message) => {
    const { run } = await openCli();
    expect(await run(...args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });
});
