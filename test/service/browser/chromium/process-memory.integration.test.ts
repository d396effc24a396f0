import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readGroupMemory } from '../../../../src/service/browser/chromium/process-memory.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const MIB = 1024 * 1024;
/** Fills 64 MiB, and so does its child. */
const PROGRAM = `
  const filled = Buffer.alloc(64 * ${MIB}, 1);
  if (process.argv[1] !== 'child')
    require('node:child_process').spawn(process.execPath, ['-e', PROGRAM, 'child'], { stdio: 'inherit' });
  console.log('filled ' + filled.length);
  setInterval(() => {}, 1000);`;

test.skipIf(process.platform !== 'linux')('the memory of a process group includes its children', async () => {
  const program = `const PROGRAM = process.env.PROGRAM;${PROGRAM}`;
  const child = spawn(process.execPath, ['-e', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PROGRAM: program },
  });
  const ended = once(child, 'exit');
  try {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await waitUntil('both have filled their memory', () => output.match(/filled/g)?.length === 2, 20_000);
    const used = await waitUntil(
      'both are measured',
      async () => {
        const bytes = await readGroupMemory(child.pid!);
        return bytes > 128 * MIB && bytes;
      },
      20_000,
    );
    expect(used).toBeLessThan(512 * MIB);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
  }
  expect(
    await waitUntil('they have ended', async () => (await readGroupMemory(child.pid!)) === 0, 20_000),
  ).toBe(true);
});
