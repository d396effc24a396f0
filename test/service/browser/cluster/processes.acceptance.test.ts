import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { OWNER_DIED } from '../../../../src/service/browser/cluster/members.ts';
import { API_KEY } from '../../../support/docker/docker-service.ts';
import { endProcessesOf, processesOf } from '../../../support/leftovers.ts';
import { type RedisServer, startRedis } from '../../../support/redis/redis.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { ServiceProcess } from '../../scenarios/faults/service.ts';
import { isMissing, type Origin, startOrigin } from '../support.ts';

const WAIT_MS = 60_000;
const WINDOW = { workspace: 'w', app_id: 'a', manifest: { type: 'window', name: 'a' }, source: '<p>' };

/** A process of the service with folders of its own. */
interface Orchestrator {
  readonly service: ServiceProcess;
  readonly dataDir: string;
  /** Its folder for temporary files, which the command lines of its browsers contain. */
  readonly temp: string;
}

describe.skipIf(isMissing)('browser apps of several processes', () => {
  let redis: RedisServer;
  let site: Origin;
  let count = 0;
  const folders: string[] = [];
  const running: Orchestrator[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    site = await startOrigin((_request, response) => {
      count += 1;
      response.writeHead(200, {
        'content-type': 'text/plain',
        'cache-control': 'max-age=600',
        'access-control-allow-origin': '*',
      });
      response.end(String(count));
    });
  });
  afterEach(async () => {
    await Promise.all(running.map(({ service }) => service.stop()));
    running.length = 0;
    await redis.command('FLUSHALL');
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
    for (const folder of folders) endProcessesOf(folder);
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  async function start(former?: Orchestrator, settings: Record<string, string> = {}): Promise<Orchestrator> {
    const dataDir = former?.dataDir ?? (await mkdtemp(join(tmpdir(), 'cluster-data-')));
    const temp = former?.temp ?? (await mkdtemp(join(tmpdir(), 'cluster-temp-')));
    // As root, Chromium runs as another user.
    await chmod(temp, 0o1777);
    folders.push(dataDir, temp);
    const service = new ServiceProcess({
      ENGINE_RUNTIME: 'process',
      MIN_REPLICAS: '0',
      MIN_FREE_REPLICAS: '0',
      DATA_DIR: dataDir,
      TMPDIR: temp,
      REDIS_URL: redis.url,
      CHROMIUM_PATH: (inject('chromium') as { path: string }).path,
      BROWSER_ALLOW_HOSTS: new URL(site.url).host,
      ...settings,
    });
    await service.waitUntilListening();
    const orchestrator = { service, dataDir, temp };
    running.push(orchestrator);
    await waitUntil('it shares its apps', async () => (await membersOf()) >= running.length, WAIT_MS);
    return orchestrator;
  }

  const membersOf = async () => Number(await redis.command('HLEN', 'roundhouse:{browser}:members'));

  async function call({ service }: Orchestrator, method: string, path: string, body?: object) {
    const reply = await fetch(service.origin + path, {
      method,
      headers: { 'x-api-key': API_KEY, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json');
    return {
      status: reply.status,
      type: reply.headers.get('content-type'),
      text,
      body: isJson ? JSON.parse(text) : null,
    };
  }

  async function install(
    on: Orchestrator,
    others: readonly Orchestrator[],
    app: object = WINDOW,
  ): Promise<void> {
    const reply = await call(on, 'POST', '/apps', app);
    if (reply.status !== 201) throw new Error(reply.text);
    for (const other of others)
      await waitUntil(
        'the app has arrived',
        async () => (await call(other, 'GET', '/apps/w/a')).status === 200,
        WAIT_MS,
      );
  }

  async function startSession(on: Orchestrator, body: object = {}) {
    const reply = await call(on, 'POST', '/apps/w/a/sessions', body);
    if (reply.status > 201) throw new Error(reply.text);
    return { status: reply.status, id: reply.body.id as string, path: `/browser/sessions/${reply.body.id}` };
  }

  async function execute(on: Orchestrator, path: string, script: string): Promise<unknown> {
    const reply = await call(on, 'POST', `${path}/execute`, { script });
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body.result;
  }

  const untilListed = (on: Orchestrator, id: string) =>
    waitUntil(
      'the session is listed',
      async () =>
        (await call(on, 'GET', '/browser/sessions')).body.some((each: { id: string }) => each.id === id),
      WAIT_MS,
    );

  test('a session is listed, read and used through any of them, and its log is followed', async () => {
    const [a, b] = [await start(), await start()];
    await install(a, [b]);
    const { id, path } = await startSession(a);
    await untilListed(b, id);
    expect((await call(b, 'GET', '/apps')).body).toMatchObject([{ app_id: 'a', live_sessions: 1 }]);
    expect((await call(b, 'GET', path)).body).toMatchObject({ id, status: 'running' });
    const following = fetch(`${b.service.origin}${path}/logs?follow=true`, {
      headers: { 'x-api-key': API_KEY },
    });
    expect(await execute(b, path, 'console.log("said"), 6 * 7')).toBe(42);
    expect((await call(b, 'GET', `${path}/screenshot`)).type).toBe('image/png');
    expect((await call(b, 'GET', `${path}/traffic`)).body).toMatchObject({ requests: expect.any(Number) });
    expect((await call(b, 'PATCH', path, { mode: 'replay' })).body.mode).toBe('replay');
    expect((await call(b, 'DELETE', path)).body.status).toBe('stopped');
    expect(await (await following).text()).toContain('[log] said');
    expect((await call(b, 'GET', path)).body.status).toBe('stopped');
    expect((await call(b, 'DELETE', path)).status).toBe(200);
    await waitUntil('it is not listed', async () => (await call(b, 'GET', path)).status === 404, WAIT_MS);
  });

  test('a singleton runs once, whichever of them starts it', async () => {
    const [a, b] = [await start(), await start()];
    await install(a, [b], { ...WINDOW, manifest: { ...WINDOW.manifest, singleton: true } });
    const starts = await Promise.all([a, b, a, b].map((each) => startSession(each)));
    expect(new Set(starts.map(({ id }) => id)).size).toBe(1);
    expect(starts.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    await call(b, 'DELETE', starts[0]!.path);
    const next = await startSession(b);
    expect([next.status, next.id === starts[0]!.id]).toEqual([201, false]);
  });

  test('clearing and uninstalling reach the caches and sessions of all of them', async () => {
    const [a, b] = [await start(), await start()];
    await install(a, [b], { ...WINDOW, manifest: { ...WINDOW.manifest, cache_routes: [`${site.url}/*`] } });
    const { path } = await startSession(a);
    const load = `fetch(${JSON.stringify(`${site.url}/x`)}).then((reply) => reply.text())`;
    const first = await execute(b, path, load);
    expect(await execute(b, path, load)).toBe(first);
    const entries = async () => (await call(a, 'GET', '/apps/w/a/cache')).body.entry_count;
    await waitUntil('it is stored', async () => (await entries()) === 1, WAIT_MS);
    expect((await call(b, 'DELETE', '/apps/w/a/cache')).body).toEqual({
      deleted_entries: 1,
      pending_orchestrators: 0,
    });
    expect(await execute(b, path, load)).not.toBe(first);
    await waitUntil('it is stored again', async () => (await entries()) === 1, WAIT_MS);
    expect((await call(b, 'DELETE', '/apps/w/a')).body).toEqual({
      deleted_entries: 1,
      stopped_sessions: 1,
      pending_orchestrators: 0,
    });
    await waitUntil('it is gone', async () => (await call(a, 'GET', '/apps/w/a')).status === 404, WAIT_MS);
  });

  test.for([
    ['Chromium responds', false],
    ['Chromium hangs', true],
  ] as const)(
    'SIGKILL of one of them while %s: no process and no folder stays, its sessions fail everywhere, and commits are kept',
    async ([, hangs]) => {
      const [a, b] = [await start(), await start()];
      await install(a, [b], {
        ...WINDOW,
        source:
          '<script>globalThis.seen = localStorage.kept; localStorage.kept = (seen ?? "") + "x"</script>',
      });
      const saved = await startSession(a, { profile: 'p' });
      await call(a, 'DELETE', saved.path);
      const withProfile = await startSession(a, { profile: 'p' });
      expect(await execute(a, withProfile.path, 'seen')).toBe('x');
      const plain = await startSession(a);
      await untilListed(b, plain.id);
      const before = processesOf(a.temp);
      expect(before.length).toBeGreaterThan(4);
      // The relay is not part of Chromium.
      if (hangs) for (const id of before.filter(isOfChromium)) process.kill(id, 'SIGSTOP');
      await a.service.kill();
      running.splice(running.indexOf(a), 1);
      await waitUntil('no process is left', () => processesOf(a.temp).length === 0, WAIT_MS);
      const failed = await waitUntil(
        'its sessions have failed',
        async () => {
          const { body } = await call(b, 'GET', plain.path);
          return body.status === 'failed' && body;
        },
        WAIT_MS,
      );
      expect(failed).toMatchObject({ reason: OWNER_DIED, code: 'owner_unreachable' });
      expect((await call(b, 'GET', withProfile.path)).body.status).toBe('failed');
      const again = await start(a);
      expect((await call(again, 'GET', plain.path)).body.reason).toBe(OWNER_DIED);
      expect((await readdir(a.temp)).filter((name) => /playwright|chromium|profile/i.test(name))).toEqual([]);
      // The lease of the profile ends with its process.
      const next = await waitUntil(
        'the profile is free',
        async () => {
          const reply = await call(again, 'POST', '/apps/w/a/sessions', { profile: 'p' });
          return reply.status === 201 && reply.body.id;
        },
        WAIT_MS,
      );
      expect(await execute(again, `/browser/sessions/${next}`, 'seen')).toBe('x');
    },
  );

  test('SIGTERM commits profiles, and leaves nothing', async () => {
    const a = await start();
    await install(a, [], { ...WINDOW, source: '<script>localStorage.kept = "yes"</script>' });
    await startSession(a, { profile: 'p' });
    expect(await a.service.stop()).toBe(0);
    expect(processesOf(a.temp)).toEqual([]);
    running.splice(running.indexOf(a), 1);
    const again = await start(a);
    const { path } = await startSession(again, { profile: 'p' });
    expect(await execute(again, path, 'localStorage.kept')).toBe('yes');
    expect((await call(again, 'GET', '/profiles/w/p')).body.versions).toHaveLength(1);
  });
});

/** Its crash handlers have process groups of their own, and end when Chromium ends. */
function isOfChromium(id: number): boolean {
  return !/relay\.ts|crashpad/.test(readFileSync(`/proc/${id}/cmdline`, 'utf8'));
}
