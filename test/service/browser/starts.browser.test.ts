import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { type AppClient, isMissing, type Origin, startOrigin, startService } from './support.ts';

/** A start takes 20 s on a machine that is very busy. */
const WAIT_MS = 60_000;

describe.skipIf(isMissing)('starts of apps', { timeout: 180_000 }, () => {
  let client: AppClient;
  let site: Origin;

  beforeAll(async () => {
    site = await startOrigin(({ url }, response) => {
      const type = url?.endsWith('.js') ? 'text/javascript' : 'text/html';
      response
        .writeHead(url === '/missing' ? 404 : 200, { 'content-type': type })
        .end(
          type === 'text/html'
            ? '<link rel="icon" href="data:,"><script src="/lib.js"></script>'
            : 'lib = 1;',
        );
    });
    client = await startService([site]);
  });

  afterAll(async () => {
    await client?.app[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  const sessionsOf = async (path: string) => {
    const app = decodeURIComponent(path.split('/')[3]!);
    const { body } = await client.call('GET', '/browser/sessions');
    return body.filter(({ app_id }: { app_id: string }) => app_id === app);
  };
  const pageOf = (path: string) => ({
    type: 'web-app',
    url: `${site.url}${path}`,
    cache_routes: [`${site.url}/*`],
  });

  test('with "warm", an app fills its cache after the installation, and ends when it is ready', async () => {
    const path = await client.install({ ...pageOf('/'), name: 'warm', warm: true, singleton: true });
    const broken = await client.install({ ...pageOf('/missing'), name: 'broken', warm: true });
    const warmed = async (app: string) => {
      const { warm_up: state } = (await client.call('GET', app)).body;
      return state.status !== 'waiting' && state;
    };
    expect(await waitUntil('the cache is warm', () => warmed(path), WAIT_MS)).toEqual({
      status: 'completed',
      reason: null,
    });
    const [session] = await sessionsOf(path);
    expect(session).toMatchObject({
      status: 'completed',
      reason: 'the cache is warm',
      warm_up: true,
      profile: null,
    });
    expect((await client.call('GET', `${path}/cache`)).body).toMatchObject({
      starts: { cold: { count: 1 }, warm: { count: 0 } },
    });
    const { id } = (await client.call('POST', `${path}/sessions`, { mode: 'offline' })).body;
    expect(id).not.toBe(session.id);
    expect(await client.execute(`/browser/sessions/${id}`, 'lib')).toBe(1);

    const failed = await waitUntil('the other start has failed', () => warmed(broken), WAIT_MS);
    expect(failed).toEqual({ status: 'failed', reason: expect.stringContaining('status 404') });
    expect(await sessionsOf(broken)).toMatchObject([
      { status: 'failed', warm_up: true, code: 'app_start_failed' },
    ]);
    const events = (await client.app.get('/events?event_type=app')).text;
    expect(events).toContain('The cache of the app w/warm was warmed');
    expect(events).toContain('The cache of the app w/broken could not be warmed');
    for (const app of [path, broken]) await client.call('DELETE', app);
  });

  test('a start waits for the service of the app; "record-start" then only reads the cache', async () => {
    const path = await client.install({
      ...pageOf('/'),
      name: 'service',
      startup_script: 'setTimeout(() => { globalThis.api = { ready: true }; }, 300)',
      startup_config: { wait_for_service: 'api', timeout: 60 },
      detached: true,
      block: ['*/blocked*'],
    });
    const session = await client.start(path, { mode: 'record-start' });
    expect(await client.execute(session, 'api')).toEqual({ ready: true });
    expect((await client.call('GET', session)).body).toMatchObject({ status: 'running', mode: 'replay' });
    const fetched = (name: string) =>
      client.execute(session, `fetch('${site.url}/${name}').then(({ status }) => status, () => 'failed')`);
    expect(await fetched('later.js')).toBe(200);
    expect(await fetched('blocked.js')).not.toBe(200);
    expect(site.requests.map(({ url }) => url)).not.toContain('/blocked.js');
    expect((await client.call('GET', `${session}/traffic`)).body.blocked).toBe(1);
    const { entries } = (await client.call('GET', `${path}/cache/entries`)).body;
    expect(entries.map(({ url }: { url: string }) => url).sort()).toEqual([
      `${site.url}/`,
      `${site.url}/lib.js`,
    ]);
    await client.call('DELETE', path);
  });

  test('a start without its service fails at its deadline; a singleton that two start at once runs once', async () => {
    const waiting = await client.install(
      { type: 'window', name: 'waiting', startup_config: { wait_for_service: 'never', timeout: 1 } },
      { source: '<p>' },
    );
    const refused = await client.call('POST', `${waiting}/sessions`);
    expect([refused.status, refused.body.code]).toEqual([503, 'app_start_failed']);
    expect(refused.body.detail).toContain('the app was not ready after 1 s');
    const single = await client.install(
      { type: 'window', name: 'single', singleton: true },
      { source: '<p>' },
    );
    const starts = await Promise.all([1, 2].map(() => client.call('POST', `${single}/sessions`)));
    expect(starts.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(new Set(starts.map(({ body }) => body.id)).size).toBe(1);
    for (const app of [waiting, single]) await client.call('DELETE', app);
  });
});
