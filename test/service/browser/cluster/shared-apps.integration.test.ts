import { expect, test } from 'vitest';
import { describeWithRedis } from '../../../support/redis/redis.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { APP, call, idsOf, untilListed, useCluster, WAIT_MS } from './support.ts';

describeWithRedis('apps of several orchestrators', () => {
  const used = useCluster();

  test('an app is installed and uninstalled on all of them; cached answers follow', async () => {
    const [a, b] = [await used.cluster.start(), await used.cluster.start()];
    expect(await idsOf(b)).toEqual([]);
    expect((await call(a, 'POST', '/apps', APP)).status).toBe(201);
    await untilListed(b, ['a']);
    expect((await call(b, 'GET', '/apps/w/a')).body).toEqual((await call(a, 'GET', '/apps/w/a')).body);
    const changed = { ...APP, manifest: { type: 'window', name: 'changed' }, overwrite: true };
    expect((await call(b, 'POST', '/apps', changed)).status).toBe(201);
    await waitUntil(
      'the change has arrived',
      async () => (await call(a, 'GET', '/apps/w/a')).body.manifest.name === 'changed',
      WAIT_MS,
    );
    expect((await call(a, 'DELETE', '/apps/w/a')).body).toEqual({
      deleted_entries: 0,
      stopped_sessions: 0,
      pending_orchestrators: 0,
    });
    await untilListed(b, []);
    expect((await call(b, 'GET', '/apps/w/a')).status).toBe(404);
  });

  test('of installations of the same id at once, exactly one succeeds', async () => {
    const [a, b] = [await used.cluster.start(), await used.cluster.start()];
    const replies = await Promise.all([a, b, a, b, a, b].map((app) => call(app, 'POST', '/apps', APP)));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    await untilListed(a, ['a']);
    await untilListed(b, ['a']);
  });

  test('values in Redis that are not apps are skipped and counted', async () => {
    const hash = used.cluster.key('apps');
    for (const [field, value] of Object.entries({
      x: 'no JSON',
      y: '{"workspace":"w"}',
      z: JSON.stringify({
        workspace: 'w',
        appId: 'z',
        manifest: { type: 'none', name: 'z' },
        installedAt: 1,
      }),
    }))
      await used.cluster.command('HSET', hash, field, value);
    const a = await used.cluster.start();
    await call(a, 'POST', '/apps', APP);
    await untilListed(a, ['a']);
    const count = async () =>
      /^roundhouse_browser_shared_values_skipped (\d+)$/m.exec((await a.get('/metrics')).text)?.[1];
    await waitUntil('they are counted', async () => (await count()) === '3', WAIT_MS);
  });
});
