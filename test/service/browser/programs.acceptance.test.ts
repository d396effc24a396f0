import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../../support/leftovers.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { WatchedService } from './watched-service.ts';

describe('CHROMIUM_PATH with a program that is not Chromium', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-program-'));
    await chmod(folder, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const start = async (name: string, script: string) => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const service = await WatchedService.start({ CHROMIUM_PATH: path });
    const app = await service.install('a', { type: 'window', name: 'a' }, { source: '<p>' });
    return { service, app };
  };

  test.each([
    ['exits', 'exit 3'],
    ['is killed', 'kill -9 $$'],
    ['prints garbage', 'echo garbage; echo garbage >&2; printf "garbage\\0{\\0[]\\0" >&4; sleep 1'],
    ['closes the pipe', 'exec 3<&- 4>&-; sleep 1'],
  ])('that %s is reported, and the service goes on', async (name, script) => {
    const { service, app } = await start(name, script);
    await using _ = service;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const reply = await service.call('POST', `${app}/sessions`);
      expect([reply.status, reply.body.code]).toEqual([503, 'browser_unavailable']);
      expect(reply.body.detail).toContain('Chromium could not be started');
    }
    expect(await service.sessionOf('a')).toMatchObject({ status: 'failed' });
    expect((await service.call('GET', '/engines')).status).toBe(200);
    await waitUntil('no process is left', () => service.children === 0, 60_000);
    await service.untilNoTemporaryFiles();
    expect(await service.stop()).toBe(0);
  });

  test('that hangs fails the start in time, and ends with the service', async () => {
    const { service, app } = await start('hangs', 'while :; do sleep 1; done');
    await using _ = service;
    const begunAt = performance.now();
    const reply = await service.call('POST', `${app}/sessions`, { timeout_s: 1 });
    expect([reply.status, reply.body.code]).toEqual([503, 'app_start_failed']);
    expect(reply.body.detail).toContain('the app was not ready after 1 s');
    // The launch has a deadline of 30 s.
    expect(performance.now() - begunAt).toBeLessThan(25_000);
    expect(processesOf(join(folder, 'hangs'))).not.toEqual([]);
    expect(await service.stop()).toBe(0);
    await waitUntil('the program has ended', () => processesOf(join(folder, 'hangs')).length === 0, 60_000);
  });

  test('that hangs is killed at the deadline of the launch, and leaves no temporary files', async () => {
    const { service, app } = await start('hangs-longer', 'while :; do sleep 1; done');
    await using _ = service;
    const reply = await service.call('POST', `${app}/sessions`, { timeout_s: 120 });
    expect([reply.status, reply.body.code]).toEqual([503, 'browser_unavailable']);
    await waitUntil(
      'the program has ended',
      () => processesOf(join(folder, 'hangs-longer')).length === 0,
      60_000,
    );
    await service.untilNoTemporaryFiles();
    expect(await service.stop()).toBe(0);
  });
});
