import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/library/browser-state/cli/run-cli.ts';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';
import { ok, openCli } from './cli-support.ts';
import { mountedFiles, temporaryFolder, writeFiles } from './support.ts';

const CLI = fileURLToPath(new URL('../../../src/library/browser-state/cli/cli.ts', import.meta.url));
/** A program that writes its profile's folder, which it finds in its argument and in PROFILE_DIR. */
const WRITE = [
  process.execPath,
  '-e',
  'if (process.argv[1] !== process.env.PROFILE_DIR) process.exit(9); require("fs").writeFileSync(process.argv[1] + "/written", "x")',
  '{}',
];

describe('roundhouse-profile mount', () => {
  test('runs a program with a mounted profile, and commits if the program succeeds', async () => {
    const { run, store, workFolder } = await openCli();
    expect(await run('mount', 'user', 's1', '--', ...WRITE)).toEqual(ok('version 1\n'));
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ written: 'x' });
    expect(await run('mount', 'user', 's1', '--', ...WRITE)).toEqual(ok('version 1, unchanged\n'));
    const failing = [process.execPath, '-e', 'process.exitCode = 7'];
    expect(await run('mount', 'user', 's1', '--mode', 'clean', '--', ...failing)).toMatchObject({ code: 7 });
    expect(await run('mount', 'user', 's1', '--mode', 'ro', '--', ...WRITE)).toEqual(ok(''));
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ written: 'x' });
    expect(await readdir(join(workFolder, 'mounts'))).toEqual([]);
    const missing = await run('mount', 'user', 's1', '--', '/no/such/program');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') });
  });

  test('passes a signal on to the program, and commits what it has written', async () => {
    const { options, store } = await openCli();
    const program = `
      process.on('SIGTERM', () => {
        require('fs').writeFileSync(process.env.PROFILE_DIR + '/closed', 'gracefully');
        process.exit(143);
      });
      console.log('ready');
      setInterval(Date, 1000);`;
    const args = [CLI, 'mount', 'user', 's1', ...options, '--', process.execPath, '-e', program];
    const child = spawn(process.execPath, args);
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ closed: 'gracefully' });
  });
});

describeWithRedis('roundhouse-profile with Redis', () => {
  test('stores profiles and leases in Redis', async () => {
    await using server = await startRedis();
    const [folder, work] = [await temporaryFolder(), await temporaryFolder()];
    await writeFiles(folder, { file: 'content' });
    const stdout: string[] = [];
    const output = { stdout: { write: (text: string) => stdout.push(text) }, stderr: process.stderr };
    const options = ['--storage', server.url, '--work-folder', work];
    expect(await runCli(['import', 'user', 's1', folder, ...options], output)).toBe(0);
    expect(await runCli(['commit', 'user', 's1', folder, ...options], output)).toBe(0);
    expect(await runCli(['list', 'user', ...options], output)).toBe(0);
    // Nobody has held a lease before: the commit fences off an unknown holder, and finds the same files.
    expect(stdout.join('')).toBe('version 1\nversion 2\ns1\n');
    expect(await server.command('KEYS', 'browserstate:*:lease:last')).toHaveLength(1);
  });
});
