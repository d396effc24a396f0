import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { endGroup } from '../../../../src/service/runtimes/process/process-group.ts';
import { sampleEngines } from '../../../../src/service/runtimes/process/sampling.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const isSleep = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n';

/** The pid of a dead leader of a process group whose parent never waits for it. */
async function makeZombie(): Promise<number> {
  const parent = spawn('sh', ['-c', 'setsid sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const pid = Number(await once(parent.stdout, 'data'));
  // The shell would have waited for its child; once it is `sleep`, it will not.
  await waitUntil('the start of both', () => isSleep(parent.pid!) && isSleep(pid), 10_000);
  process.kill(pid, 'SIGKILL');
  await waitUntil(
    'the death of the process',
    () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '),
    10_000,
  );
  return pid;
}

it('A group of the dead counts as ended, though the system still knows it', async () => {
  const pid = await makeZombie();
  expect(await endGroup(pid, 5000)).toBe(true);
  expect(process.kill(-pid, 0)).toBe(true);
});

it('An engine that is dead and not yet waited for has no figures', async () => {
  const pid = await makeZombie();
  expect(await sampleEngines([{ id: 'a', pid, startedAt: 0 }])).toEqual(new Map());
});
