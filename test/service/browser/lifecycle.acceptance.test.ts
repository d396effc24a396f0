import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { processesOf } from '../../support/leftovers.ts';
import { sendRequest, startApp, WITH_KEY } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';
import {
  AppClient,
  isMissing,
  type Origin,
  startOrigin,
  startService,
  useOwnTemporaryFolder,
} from './support.ts';

const WAIT_MS = 60_000;
const WINDOW = { type: 'window', name: 'a' };

describe.skipIf(isMissing)('sessions in Chromium', () => {
  let site: Origin;
  let client: AppClient;

  beforeAll(async () => {
    site = await startOrigin((request, response) => {
      // `/endless` never ends.
      response.writeHead(200, { 'content-type': 'text/html' });
      if (request.url === '/endless') response.write('<title>endless</title>');
      else response.end('<title>page</title>');
    });
    client = await startService([site], { BROWSER_MAX_SESSIONS: '2', BROWSER_QUEUE_TIMEOUT_S: '0.2' });
  });
  afterAll(async () => {
    await client?.app[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const { workspace, app_id } of (await client.call('GET', '/apps')).body)
      await client.call('DELETE', `/apps/${workspace}/${app_id}`);
  });

  const statusOf = async (session: string) => (await client.call('GET', session)).body;

  test('fail when Chromium is killed, keep their log and screenshot, and the next start gets another Chromium', async () => {
    const path = await client.install(WINDOW, { source: '<script>console.log("before")</script>' });
    const session = await client.start(path);
    await client.call('GET', `${session}/screenshot?type=jpeg`);
    await waitUntil(
      'the line is logged',
      async () => (await client.call('GET', `${session}/logs`)).text.includes('before'),
      WAIT_MS,
    );
    killBrowsers();
    const failed = await waitUntil(
      'the session has failed',
      async () => {
        const state = await statusOf(session);
        return state.status === 'failed' && state;
      },
      WAIT_MS,
    );
    expect(failed.reason).toBe('Chromium ended unexpectedly');
    expect((await client.call('GET', `${session}/screenshot`)).headers['content-type']).toBe('image/jpeg');
    expect((await client.call('GET', `${session}/logs?follow=true`)).text).toContain('[log] before');
    const next = await client.start(path);
    expect(await client.execute(next, '1 + 1')).toBe(2);
  });

  test('complete when their page closes itself, and fail when it crashes', async () => {
    const path = await client.install(WINDOW, { source: '<p>' });
    const completed = await client.start(path);
    await client.call('POST', `${completed}/execute`, { script: 'window.close()' });
    await waitUntil(
      'it has completed',
      async () => (await statusOf(completed)).status === 'completed',
      WAIT_MS,
    );
    const crashed = await client.start(path);
    killRenderers();
    await waitUntil('it has failed', async () => (await statusOf(crashed)).status === 'failed', WAIT_MS);
    expect((await statusOf(crashed)).reason).toBe('the page crashed: it may have used too much memory');
  });

  test('fail to start after their deadline, with a reason and a screenshot; their place is free again', async () => {
    // Its Chromium is used by the others too, so that their deadlines are enough on a slow machine.
    await client.start(await client.install(WINDOW, { source: '<p>' }));
    const path = await client.install({ type: 'web-app', name: 'endless', url: `${site.url}/endless` });
    const reply = await client.call('POST', `${path}/sessions`, { timeout_s: 1 });
    expect([reply.status, reply.body.code]).toEqual([503, 'app_start_failed']);
    expect(reply.body.detail).toBe('The app could not be started: the app was not ready after 1 s');
    const [listed] = (await client.call('GET', '/browser/sessions')).body.filter(
      ({ app_id: id }: { app_id: string }) => id === 'endless',
    );
    expect(listed).toMatchObject({ status: 'failed', reason: 'the app was not ready after 1 s' });
    const waiting = await client.install(
      { ...WINDOW, name: 'waiting', startup_config: { wait_for_service: 'never', timeout: 5 } },
      { source: '<p>' },
    );
    expect((await client.call('POST', `${waiting}/sessions`)).status).toBe(503);
    const { id } = (await client.call('GET', '/browser/sessions')).body.at(-1);
    const screenshot = await client.call('GET', `/browser/sessions/${id}/screenshot`);
    expect(screenshot.headers['content-type']).toBe('image/jpeg');
    const missing = await client.install({ type: 'web-app', name: 'none', url: 'http://127.0.0.1:9/' });
    const refused = await client.call('POST', `${missing}/sessions`);
    expect([refused.status, refused.body.code]).toEqual([503, 'app_start_failed']);
    const worker = await client.install(
      { type: 'web-worker', name: 'broken' },
      { source: 'throw new Error("broken code")' },
    );
    expect((await client.call('POST', `${worker}/sessions`)).body.detail).toContain('broken code');
  });

  test('are bounded: further starts wait, and are refused at the deadline of the queue', async () => {
    const path = await client.install(WINDOW, { source: '<p>' });
    const sessions = [await client.start(path), await client.start(path)];
    const refused = await client.call('POST', `${path}/sessions`);
    expect([refused.status, refused.body.code]).toEqual([503, 'too_many_sessions']);
    await client.call('DELETE', sessions[0]!);
    await client.start(path);
  });

  test('end when nobody uses them, also while a panel shows their page', async () => {
    const path = await client.install(
      { ...WINDOW, startup_config: { stop_after_inactive: 0.4 } },
      { source: '<p>' },
    );
    const session = await client.start(path);
    const hasEnded = async () => {
      expect((await client.call('GET', `${session}/screenshot`)).status).toBe(200);
      return (await statusOf(session)).status === 'stopped';
    };
    await waitUntil('it has ended', hasEnded, WAIT_MS);
    expect((await statusOf(session)).reason).toBe('inactive for 0.4 s');
  });

  test('are started again after a crash as often as the manifest permits, and not once they are removed', async () => {
    const path = await client.install({ ...WINDOW, max_restarts: 2 }, { source: '<p>' });
    let former = (await client.start(path)).split('/').at(-1)!;
    for (const [kill, code] of [
      [killRenderers, 'page_crashed'],
      [killBrowsers, 'browser_crashed'],
    ] as const) {
      kill();
      await waitUntil(
        'it is started again',
        async () => {
          const { body } = await client.call('GET', '/browser/sessions');
          const next = body.find(({ restart_of: id }: { restart_of: string }) => id === former);
          if (next?.status !== 'running') return false;
          expect(await statusOf(`/browser/sessions/${former}`)).toMatchObject({ status: 'failed', code });
          former = next.id;
          return true;
        },
        WAIT_MS,
      );
    }
    killBrowsers();
    const last = `/browser/sessions/${former}`;
    await waitUntil('it has failed', async () => (await statusOf(last)).status === 'failed', WAIT_MS);
    const { body } = await client.call('GET', '/browser/sessions');
    expect(body.map(({ status }: { status: string }) => status)).toEqual(['failed', 'failed', 'failed']);
    expect((await client.call('DELETE', last)).status).toBe(200);
  });

  test('start without the sandbox only where it is permitted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-sandbox-'));
    const { path: chromium } = inject('chromium') as { path: string };
    const fake = join(folder, 'chromium');
    // Chromium on a machine on which its sandbox does not work.
    const script = `case " $* " in *' --no-sandbox '*) exec '${chromium}' "$@" ;; esac
echo 'No usable sandbox!' >&2
exit 1`;
    await writeFile(fake, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await chmod(folder, 0o755);
    try {
      for (const allowed of ['false', 'true']) {
        await using app = await startApp({
          settings: { CHROMIUM_PATH: fake, BROWSER_ALLOW_NO_SANDBOX: allowed },
        });
        const other = new AppClient(app);
        const path = await other.install(WINDOW, { source: '<p>' });
        const reply = await other.call('POST', `${path}/sessions`);
        if (allowed === 'true') expect(reply.status).toBe(201);
        else {
          expect([reply.status, reply.body.code]).toEqual([503, 'browser_unavailable']);
          expect(reply.body.detail).toContain('set BROWSER_ALLOW_NO_SANDBOX=true');
        }
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a page cannot open popups without end', async () => {
    const path = await client.install(WINDOW, { source: '<p>' });
    const session = await client.start(path);
    await client.execute(
      session,
      'globalThis.popups = Array.from({ length: 25 }, () => open("about:blank")), 0',
    );
    const open = 'popups.filter((popup) => popup && !popup.closed).length';
    // With the page of the app, 20 pages.
    await waitUntil('some are closed', async () => (await client.execute(session, open)) === 19, WAIT_MS);
  });

  test('end with the service, which leaves no process and no folder; its apps are there after a restart', async () => {
    await using temporary = await useOwnTemporaryFolder();
    const folders = () =>
      readdirSync(temporary.path).filter((name) => /^(playwright_chromium|chromium-)/.test(name));
    const own = await startApp({ settings: { BROWSER_MAX_SESSIONS: '2' } });
    const { dataDir } = own.config;
    try {
      const other = new AppClient(own);
      const path = await other.install(WINDOW, {
        source: '<script>for (const a of [1]) console.log(a)</script>',
      });
      await other.start(path);
      const hanging = await other.install({ type: 'web-app', name: 'h', url: 'http://192.0.2.1/' });
      const starting = other.call('POST', `${hanging}/sessions`).catch((error) => error);
      await waitUntil(
        'it is starting',
        async () => (await other.call('GET', '/browser/sessions')).body.length === 2,
        WAIT_MS,
      );
      const created = folders().find((name) => name.startsWith('playwright'));
      expect(processesOf(created!)).not.toEqual([]);
      await own.app.close();
      await starting;
      // A Chromium that does not end in time is killed, and what it leaves is removed afterwards.
      await waitUntil('no process is left', () => processesOf(created!).length === 0, WAIT_MS);
      await waitUntil('no folder is left', () => folders().length === 0, WAIT_MS);
      const again = await startApp({ settings: { DATA_DIR: dataDir } });
      try {
        const apps = await sendRequest(again.app.api.server, 'GET', '/apps', { headers: WITH_KEY });
        expect(apps.body.map(({ app_id }: { app_id: string }) => app_id)).toEqual(['a', 'h']);
      } finally {
        await again.app.close();
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});

/** Kills the Chromium processes that this process has started. */
function killBrowsers(): void {
  for (const { id } of browsers()) process.kill(id, 'SIGKILL');
}

/** Kills the processes of their pages. */
function killRenderers(): void {
  const groups = new Set(browsers().map(({ group }) => group));
  const renderers = processes().filter(
    ({ id, group }) => groups.has(group) && readProc(id, 'cmdline').includes('--type=renderer'),
  );
  for (const { id } of renderers) process.kill(id, 'SIGKILL');
}

/** The children of relays, which this process has started. */
function browsers() {
  const all = processes();
  const relays = new Set(all.filter(({ parent }) => parent === process.pid).map(({ id }) => id));
  return all.filter(({ name, parent }) => relays.has(parent) && name.startsWith('chrom'));
}

function processes(): { id: number; name: string; parent: number; group: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((digits) => {
      const id = Number(digits);
      const [, name = '', parent, group] = /\((.*)\) \S (\d+) (\d+)/.exec(readProc(id, 'stat')) ?? [];
      return { id, name, parent: Number(parent), group: Number(group) };
    });
}

/** Reads a file of a process. @returns an empty string if the process has ended */
function readProc(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
