import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { endGroup } from '../../../../src/service/runtimes/process/process-group.ts';
import { sampleEngines } from '../../../../src/service/runtimes/process/sampling.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const isSleep = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n';

/** Returns the pid of a zombie: a group leader that has ended and whose parent never waits for it. */
async function makeZombie(): Promise<number> {
  const parent = spawn('sh', ['-c', 'setsid sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const pid = Number(await once(parent.stdout, 'data'));
  // The shell would wait for its child. `sleep`, which replaces it, does not.
  await waitUntil('the start of both', () => isSleep(parent.pid!) && isSleep(pid), 10_000);
  process.kill(pid, 'SIGKILL');
  await waitUntil(
    'the end of the process',
    () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '),
    10_000,
  );
  return pid;
}

it('a group of zombies counts as ended', async () => {
  const pid = await makeZombie();
  expect(await endGroup(pid, 5000)).toBe(true);
  expect(process.kill(-pid, 0)).toBe(true);
});

it('a zombie engine has no sample', async () => {
  const pid = await makeZombie();
  expect(await sampleEngines([{ id: 'a', pid, startedAt: 0 }])).toEqual(new Map());
});
