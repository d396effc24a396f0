import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, inject, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { isMissing } from './support.ts';
import { WatchedService } from './watched-service.ts';

const STARTS = 100;
const AT_ONCE = 4;
/** Connections to the service and files that Node.js opens once, such as modules. */
const SPARE_FILES = 15;
const SPARE_MEMORY_MB = 250;
const WAIT_MS = 60_000;

describe.skipIf(isMissing)('sessions', () => {
  test(`${STARTS} starts and stops leave no process, folder, port or open file`, async () => {
    const { path } = inject('chromium') as { path: string };
    await using service = await WatchedService.start({ CHROMIUM_PATH: path });
    const cycle = async (number: number) => {
      // In several workspaces, and some with a profile, whose Chromium is their own.
      const workspace = `w${number % 3}`;
      const app = `/apps/${workspace}/a`;
      const body = number % 10 === 0 ? { profile: `p${number % 20}` } : {};
      const started = await service.call('POST', `${app}/sessions`, body);
      expect([started.status, started.body.detail]).toEqual([201, undefined]);
      const session = `/browser/sessions/${started.body.id}`;
      expect((await service.call('DELETE', session)).body.status).toBe('stopped');
      expect((await service.call('DELETE', session)).status).toBe(200);
    };
    for (const workspace of ['w0', 'w1', 'w2']) {
      const manifest = { type: 'window', name: 'a' };
      const body = { workspace, app_id: 'a', manifest, source: '<script>console.log(1)</script>' };
      expect((await service.call('POST', '/apps', body)).status).toBe(201);
    }
    const settled = () => waitUntil('Chromium has ended', () => service.children === 0, WAIT_MS);
    // What is loaded and opened at the first start stays.
    for (let number = 0; number < 4; number += 1) await cycle(number);
    await settled();
    const before = { files: service.openFiles, memoryMb: service.memoryMb, ports: service.ports };
    let next = 0;
    const run = async () => {
      while (next < STARTS) {
        next += 1;
        await cycle(next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, run));
    await settled();
    await service.untilNoTemporaryFiles();
    expect((await service.call('GET', '/browser/sessions')).body).toEqual([]);
    await waitUntil('the lanes have ended', () => service.ports <= before.ports, WAIT_MS);
    expect(service.openFiles).toBeLessThan(before.files + SPARE_FILES);
    expect(service.memoryMb).toBeLessThan(before.memoryMb + SPARE_MEMORY_MB);
    expect(await service.stop()).toBe(0);
    await service.untilNoTemporaryFiles();
  });

  test('stop when Chromium is stopped by SIGSTOP or killed in the middle of a start', async () => {
    const { path } = inject('chromium') as { path: string };
    // Accepts connections and never responds.
    let requests = 0;
    const silent = createServer(() => {
      requests += 1;
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await using service = await WatchedService.start({
      CHROMIUM_PATH: path,
      BROWSER_ALLOW_HOSTS: `127.0.0.1:${port}`,
    });
    try {
      const url = `http://127.0.0.1:${port}/`;
      const app = await service.install('silent', { type: 'web-app', name: 's', url });
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const before = requests;
        const starting = service.call('POST', `${app}/sessions`);
        await waitUntil('the page is requested', () => requests > before, WAIT_MS);
        process.kill(service.chromiums[0]!, signal);
        const { id } = await service.sessionOf('silent');
        if (signal === 'SIGSTOP') await service.call('DELETE', `/browser/sessions/${id}`);
        const reply = await starting;
        expect([signal, reply.status, reply.body.code]).toEqual([signal, 503, 'app_start_failed']);
        await waitUntil('Chromium has ended', () => service.children === 0, WAIT_MS);
        await service.untilNoTemporaryFiles();
      }
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });
});
