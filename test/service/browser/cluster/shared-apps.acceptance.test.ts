import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../../support/redis/redis.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { APP, call, idsOf, TestCluster, untilListed, useCluster, WAIT_MS } from './support.ts';

describeWithRedis('apps in Redis', () => {
  const used = useCluster();

  test('apps survive a restart of an orchestrator, and the loss of the data of Redis', async () => {
    const a = await used.cluster.start();
    await call(a, 'POST', '/apps', APP);
    await a.app.close();
    used.cluster.forget(a);
    await used.cluster.command('FLUSHALL');
    const again = await used.cluster.start({ DATA_DIR: a.config.dataDir });
    await untilListed(again, ['a']);
    const other = await used.cluster.start();
    await untilListed(other, ['a']);
  });

  test('an app that was uninstalled while an orchestrator was away is gone when it returns', async () => {
    const [a, b] = [await used.cluster.start(), await used.cluster.start()];
    await call(a, 'POST', '/apps', APP);
    await untilListed(b, ['a']);
    await b.app.close();
    used.cluster.forget(b);
    await call(a, 'DELETE', '/apps/w/a');
    const again = await used.cluster.start({ DATA_DIR: b.config.dataDir });
    await untilListed(again, []);
    expect((await call(again, 'POST', '/apps', APP)).status).toBe(201);
  });

  test('without Redis, apps are listed, and installing is refused', async () => {
    const own = await startRedis();
    const a = await used.cluster.start();
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
