import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePortRange } from '../support/http/port-range.ts';
import { waitUntil } from '../support/wait-until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Measured: 141 to 143 MB. The rest is the spread of machines and versions. */
const MAX_SERVICE_MB = 150;
const MAX_ENGINE_MB = 70;

/** The resident set of a process, in megabytes. */
function residentMb(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return (Number(kibibytes) * 1024) / 1e6;
}

function childrenOf(pid: number): number[] {
  return globSync(`/proc/${pid}/task/*/children`).flatMap((file) =>
    readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

test('the idle service with one engine stays within its memory target', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-memory-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const { first, last } = await freePortRange();
  const env = {
    PATH: process.env.PATH,
    HOME: dataDir,
    ENGINE_RUNTIME: 'process',
    PORT: '0',
    DATA_DIR: dataDir,
    PORT_RANGE_HOST: `${first}-${last}`,
  };
  // npm replaces its shell by the service, so the service is the only child of npm.
  const npm = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(npm, 'close');
  try {
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    await waitUntil('the service listens', () => output.includes('listening on'), 30_000);
    const [service] = childrenOf(npm.pid!);
    const engine = await waitUntil('one engine runs', () => childrenOf(service!)[0], 30_000);
    const isSmall = () => residentMb(service!) <= MAX_SERVICE_MB;
    await waitUntil(`the service takes at most ${MAX_SERVICE_MB} MB`, isSmall, 30_000);
    expect(residentMb(engine)).toBeLessThanOrEqual(MAX_ENGINE_MB);
  } finally {
    npm.kill('SIGTERM');
    await ended;
  }
});
