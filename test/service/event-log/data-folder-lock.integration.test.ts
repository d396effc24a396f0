import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataFolder } from '../../../src/service/event-log/data-folder-lock.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'roundhouse-lock-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** A process that has the lock until it is killed. */
async function holder(path: string) {
  const module = new URL('../../../src/service/event-log/data-folder-lock.ts', import.meta.url);
  const script = `const { lockDataFolder } = await import('${module.href}');
    lockDataFolder(${JSON.stringify(path)}); console.log('locked'); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a second process is refused, until the first one is gone, however it ended', async () => {
  const path = await folder();
  const child = await holder(path);
  expect(() => lockDataFolder(path, 0)).toThrow(/DATA_DIR=.* is used by another Roundhouse that is running/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDataFolder(path, 0)();
});

test('a lock that was released can be taken again, and two folders do not affect each other', async () => {
  const [first, second] = [await folder(), join(await folder(), 'new', 'folder')];
  const release = lockDataFolder(first, 0);
  lockDataFolder(second, 0)();
  release();
  lockDataFolder(first, 0)();
});

test('a folder that cannot be used is left to those who report it', async () => {
  const path = await folder();
  await chmod(path, 0o500);
  for (const unusable of [path, '/dev/null/folder'])
    expect(() => lockDataFolder(unusable, 0)()).not.toThrow();
});
