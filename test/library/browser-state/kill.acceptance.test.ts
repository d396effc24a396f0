import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LocalStore } from '../../../src/library/browser-state/index.ts';
import { mountedFiles, openHost, temporaryFolder } from './support.ts';

const KILLS = 200;
const PROGRAM = fileURLToPath(new URL('committing-child.ts', import.meta.url));

function startCommitting(folder: string, workFolder: string) {
  const env = { ...process.env, STORE: folder, WORK: workFolder };
  return fork(PROGRAM, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

test(`${KILLS} kills of a committing process at random moments leave a version that was committed, intact`, {
  timeout: 10 * 60_000,
}, async () => {
  const [folder, workFolder] = [await temporaryFolder(), await temporaryFolder()];
  const host = await openHost({ driver: new LocalStore({ folder }) });
  let newest = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = startCommitting(folder, workFolder);
    const exited = Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
    let committed = newest;
    child.on('message', (version: number) => {
      committed = version;
    });
    await once(child, 'message');
    await delay(Math.random() * 60);
    child.kill('SIGKILL');
    await exited;
    const [version] = await host.versions('user', 's1');
    // Later commits may have succeeded without a report.
    expect(version!.version).toBeGreaterThanOrEqual(committed);
    newest = version!.version;
    const { number, copy } = await mountedFiles(host, 'user', 's1');
    expect(copy).toBe(number?.repeat(30_000));
    if (kill % 20 === 19) {
      expect((await host.verify('user', 's1')).problems).toEqual([]);
      await host.sweep('user', 's1');
    }
  }
});

test('a process that is stopped past its lease cannot commit', { timeout: 120_000 }, async () => {
  const [folder, workFolder] = [await temporaryFolder(), await temporaryFolder()];
  const child = startCommitting(folder, workFolder);
  const exited = once(child, 'exit');
  await once(child, 'message');
  child.kill('SIGSTOP');
  const host = await openHost({ driver: new LocalStore({ folder }) });
  const mount = await host.mount('user', 's1', { waitMs: 60_000 });
  const { version } = mount;
  child.kill('SIGCONT');
  expect(await exited).toEqual([3, null]);
  expect(await mount.commit()).toBe(version);
  const reasons = (await host.versions('user', 's1')).map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'takeover')).toHaveLength(1);
  expect(reasons[0]).toBe('takeover');
  await mount.discard();
});
