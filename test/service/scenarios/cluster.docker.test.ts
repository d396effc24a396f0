import { expect, it } from 'vitest';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { cacheStats, describeCluster, health, isLeading, TIMEOUT_MS } from './cluster-suite.ts';
import type { ServiceProcess } from './faults/service.ts';

describeCluster('several orchestrators', (cluster) => {
  it('load each polled answer once for all of them, and receive invalidations', async () => {
    const settings = {
      CACHE_TTL_STATS_TOTAL_S: '600',
      CACHE_KEEP_WARM: 'false',
      CACHE_WARM_ON_START: 'false',
    };
    const [a, b] = [await cluster.start(settings), await cluster.start(settings)];
    const total = async (service: ServiceProcess) =>
      (await service.get<{ container_count: number }>('/engines/stats/total')).body.container_count;
    await total(a);
    await waitUntil(
      'the answer is stored in Redis',
      async () => (await cacheStats(a)).stored === 1,
      TIMEOUT_MS,
    );
    expect(await total(b)).toBe(0);
    expect(await cacheStats(b)).toMatchObject({ hits: 1, leads: 0 });
    expect(await a.post('/provision/acestream', {})).toBe(200);
    await waitUntil(
      'both count the new engine',
      async () => (await total(a)) + (await total(b)) === 2,
      TIMEOUT_MS,
    );
  });

  it('have one leader that maintains the number of engines, and another one after it dies', async () => {
    const settings = { MIN_REPLICAS: '2', AUTOSCALE_INTERVAL_S: '1' };
    const [a, b] = [await cluster.start(settings), await cluster.start(settings)];
    const leaders = async () => (await Promise.all([a, b].map(isLeading))).filter(Boolean).length;
    await waitUntil('one leads', async () => (await leaders()) === 1, TIMEOUT_MS);
    const countEngines = async (service: ServiceProcess) => (await health(service)).engines;
    await waitUntil(
      'two engines run',
      async () => (await countEngines(a)) === 2 && (await countEngines(b)) === 2,
      TIMEOUT_MS,
    );
    const [leader, other] = (await isLeading(a)) ? [a, b] : [b, a];
    await leader.kill();
    await waitUntil('the other leads', () => isLeading(other), TIMEOUT_MS);
    const [victim] = (await other.get<{ container_id: string }[]>('/engines')).body;
    await cli(cluster.docker.socket, 'rm', '-f', victim!.container_id);
    const isReplaced = async () => {
      const ids = (await other.get<{ container_id: string }[]>('/engines')).body;
      return ids.length === 2 && !ids.some(({ container_id }) => container_id === victim!.container_id);
    };
    await waitUntil('the engine is replaced', isReplaced, TIMEOUT_MS);
    expect(await countEngines(other)).toBe(2);
  });

  it('serve requests while Redis is unavailable, without a leader', async () => {
    const a = await cluster.start();
    await waitUntil('it leads', () => isLeading(a), TIMEOUT_MS);
    await cluster.redis.kill('SIGKILL');
    try {
      await waitUntil('it no longer leads', async () => !(await isLeading(a)), TIMEOUT_MS);
      expect((await health(a)).cluster).toMatchObject({ redis: 'away', leading: false });
      expect((await a.get('/engines/stats/total')).status).toBe(200);
      expect(await a.post('/provision/acestream', {})).toBe(200);
    } finally {
      await cluster.redis.start();
    }
    await waitUntil('it leads again', () => isLeading(a), TIMEOUT_MS);
    expect(a.errors).toEqual([]);
  });
});
