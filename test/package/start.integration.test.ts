import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePortRange } from '../support/http/port-range.ts';
import { waitUntil } from '../support/wait-until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_TIMEOUT_MS = 30_000;

test('npm start passes SIGTERM to the service, which stops', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-start-'));
  const { first, last } = await freePortRange();
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    // A process group of its own, so that a failure of this test leaves nothing running either.
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: dataDir,
      ENGINE_RUNTIME: 'process',
      PORT: '0',
      DATA_DIR: dataDir,
      PORT_RANGE_HOST: `${first}-${last}`,
    },
  });
  try {
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    npm.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    const origin = await waitUntil(
      'the service listens',
      () => /listening on (http:[^"\s]+)/.exec(output)?.[1],
      START_TIMEOUT_MS,
    );
    const ended = once(npm, 'close');
    npm.kill('SIGTERM');
    await ended;
    expect(output).toMatch(/stopping/);
    await expect(fetch(`${origin}/livez`)).rejects.toThrow('fetch failed');
  } finally {
    endGroup(npm.pid!);
    await rm(dataDir, { recursive: true });
  }
});

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
