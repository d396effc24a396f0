import { expect, test } from 'vitest';
import { DockerFallback } from '../../../src/service/runtimes/docker-fallback.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const ADDRESS = 'unix:///run/docker.sock';

function create(isEmulated = true) {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const daemon = { responds: false };
  const fallback = new DockerFallback({
    address: ADDRESS,
    isEmulated,
    ping: async () => {
      if (!daemon.responds) throw new Error('no response');
    },
    warn: (message) => warnings.push(message),
    clock,
  });
  const check = async () => {
    clock.advance(30_000);
    await settle();
  };
  return { clock, warnings, daemon, fallback, check };
}

test('says at the start what runs instead of Docker, and what to do', () => {
  expect(create().warnings).toEqual([
    expect.stringMatching(/unix:.*emulated engines.*ENGINE_RUNTIME=process/),
  ]);
  expect(create(false).warnings[0]).toContain('local processes of ENGINE_COMMAND');
});

test('says once that Docker responds again, and how to change over', async () => {
  const { warnings, daemon, fallback, check } = create();
  await check();
  expect([warnings.length, fallback.dockerResponds]).toEqual([1, false]);
  daemon.responds = true;
  await check();
  await check();
  expect(fallback.dockerResponds).toBe(true);
  expect(warnings.slice(1)).toEqual([expect.stringContaining('restart Roundhouse to run them in Docker')]);
  expect(fallback.message).toBe(warnings[1]);
  daemon.responds = false;
  await check();
  expect([warnings.length, fallback.dockerResponds]).toEqual([2, false]);
});

test('leaves no timer when it is closed, even during a check', async () => {
  const { clock, fallback } = create();
  clock.advance(30_000);
  fallback.close();
  await settle();
  expect(clock.pending).toBe(0);
});
