import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { makeCache, makeFolder } from './support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = 'src/library/asset-cache/cli.ts';
const A = 'https://cdn.example/app/A/main.dart.js';
const B = 'https://cdn.example/app/B/main.dart.js';

test('examples/asset-cache.ts runs with its documented command and prints the expected results', async () => {
  const command = ['--conditions=roundhouse:source', 'examples/asset-cache.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'Three lines, for six page loads:',
    '  https://site.example/app/*/main.dart.js: version A (44.92 KB) -> B (44.92 KB)',
    '  2 downloads, 89.84 KB.',
    'The same in one, for 20 callers at once after the cache was cleared:',
    '  1 download, the same content for all.',
    '  https://site.example/app/*/main.dart.js: version A (44.92 KB) -> B (44.92 KB)',
    '  version B: 44.92 KB, fresh',
    '  version A: 44.92 KB, fresh',
  ]);
});

async function runCli(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const run = promisify(execFile)(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
  });
  return run.then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }) => ({ stdout, stderr, code }),
  );
}

test('roundhouse-assets status and versions list what is stored', async () => {
  const dir = await makeFolder();
  const { cache, advance } = await makeCache({ dir });
  await cache.save(A, 'x'.repeat(2048));
  advance(1000);
  await cache.save(B, 'y');
  const status = await runCli('status', '--dir', dir);
  expect(status).toMatchObject({ stderr: '', code: 0 });
  expect(status.stdout).toMatch(
    /^B +1 B +\d+ s +fresh +https:.*\/B\/main\.dart\.js\nA +2\.00 KB .*\n2 entries, 2\.00 KB\n$/,
  );
  const versions = await runCli('versions', A, '--dir', dir);
  expect(versions.stdout).toMatch(/^https:\/\/cdn\.example\/app\/\*\/main\.dart\.js\n {2}B .*\n {2}A /);
  const json = await runCli('status', '--json', '--dir', dir);
  expect(
    json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).version),
  ).toEqual(['B', 'A']);
  expect((await runCli('status', '--dir', dir, '--namespace', 'other')).stdout).toBe('0 entries, 0 B\n');
});

test('roundhouse-assets explains what is wrong', async () => {
  expect(await runCli()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Usage: roundhouse-assets'),
  });
  expect(await runCli('status', '--depth', '1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--depth'),
  });
  expect(await runCli('status', '--dir', '/dev/null')).toMatchObject({ code: 1, stdout: '' });
  for (const interval of ['0', '0.001', '1e12', 'Infinity', 'soon']) {
    const { code, stderr } = await runCli('watch', '--interval', interval);
    expect([code, stderr]).toEqual([1, expect.stringContaining('--interval must be')]);
  }
  expect((await runCli('--help')).stdout).toContain('--namespace NAME');
});

test('roundhouse-assets reads a folder that it may not change, and creates none', async () => {
  const dir = await makeFolder();
  const { cache } = await makeCache({ dir: join(dir, 'cache') });
  await cache.save(A, 'x'.repeat(20_000));
  await rm(join(dir, 'cache', 'usage'));
  await mkdir(join(dir, 'cache', 'usage'));
  expect(await runCli('status', '--dir', join(dir, 'cache'))).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('1 entries'),
  });
  expect((await runCli('status', '--dir', join(dir, 'none'))).stdout).toBe('0 entries, 0 B\n');
  expect(await readdir(dir)).toEqual(['cache']);
});

test('roundhouse-assets ends quietly with the reader of its output', async () => {
  const dir = await makeFolder();
  const { cache } = await makeCache({ dir });
  await cache.save(A, 'x');
  const child = spawn(process.execPath, [CLI, 'watch', '--dir', dir, '--interval', '0.1'], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await cache.save(B, 'y');
  expect([(await exited)[0], stderr]).toEqual([0, '']);
});

test('roundhouse-assets watch prints new versions of other processes', async () => {
  const dir = await makeFolder();
  const { cache, advance } = await makeCache({ dir });
  await cache.save(A, 'x'.repeat(2048));
  const child = spawn(process.execPath, [CLI, 'watch', '--dir', dir, '--interval', '0.1'], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  await waitUntil('the first line', () => output.includes('watching'), 15_000);
  advance(1000);
  await cache.save(B, 'y');
  const line = 'https://cdn.example/app/*/main.dart.js: version A (2.00 KB) -> B (1 B)\n';
  await waitUntil('the new version', () => output.endsWith(line), 15_000);
});
