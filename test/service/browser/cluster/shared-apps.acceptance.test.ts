import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from '../../../support/redis/redis.ts';
import type { TestApp } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { call, TestCluster, WAIT_MS } from './support.ts';

const APP = { workspace: 'w', app_id: 'a', manifest: { type: 'window', name: 'a' }, source: '<p>' };

describeWithRedis('apps in Redis', () => {
  let redis: RedisServer;
  let cluster: TestCluster;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());
  beforeEach(() => {
    cluster = new TestCluster(redis);
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const idsOf = async (app: TestApp) =>
    (await call(app, 'GET', '/apps')).body.map(({ app_id }: { app_id: string }) => app_id);
  const untilListed = (app: TestApp, ids: string[]) =>
    waitUntil(`the apps are ${ids}`, async () => (await idsOf(app)).join() === ids.join(), WAIT_MS);

  test('apps survive a restart of an orchestrator, and the loss of the data of Redis', async () => {
    const a = await cluster.start();
    await call(a, 'POST', '/apps', APP);
    await a.app.close();
    cluster.forget(a);
    await cluster.command('FLUSHALL');
    const again = await cluster.start({ DATA_DIR: a.config.dataDir });
    await untilListed(again, ['a']);
    const other = await cluster.start();
    await untilListed(other, ['a']);
  });

  test('an app that was uninstalled while an orchestrator was away is gone when it returns', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    await call(a, 'POST', '/apps', APP);
    await untilListed(b, ['a']);
    await b.app.close();
    cluster.forget(b);
    await call(a, 'DELETE', '/apps/w/a');
    const again = await cluster.start({ DATA_DIR: b.config.dataDir });
    await untilListed(again, []);
    expect((await call(again, 'POST', '/apps', APP)).status).toBe(201);
  });

  test('without Redis, apps are listed, and installing is refused', async () => {
    const own = await startRedis();
    const a = await cluster.start();
    try {
      const lonely = new TestCluster(own);
      const b = await lonely.start();
      await call(b, 'POST', '/apps', APP);
      await own.kill('SIGKILL');
      await waitUntil(
        'installing is refused',
        async () => (await call(b, 'POST', '/apps', { ...APP, app_id: 'b' })).body.code === 'app_not_stored',
        WAIT_MS,
      );
      expect(await idsOf(b)).toEqual(['a']);
      await lonely[Symbol.asyncDispose]();
    } finally {
      await own[Symbol.asyncDispose]();
    }
    expect(await idsOf(a)).toEqual([]);
  });
});
