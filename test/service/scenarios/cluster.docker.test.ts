import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { uniqueLabel } from '../../support/docker/docker-service.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ServiceProcess } from './faults/service.ts';

const TIMEOUT_MS = 30_000;

interface Health {
  engines: number;
  cluster: { redis: string; leading: boolean } | null;
}

interface CacheStats {
  caches: { stats: { redis: { connected: boolean; hits: number; leads: number; stored: number } } };
}

describeWithDocker('several orchestrators with one daemon', (docker) => {
  describeWithRedis('and one Redis', () => {
    let redis: RedisServer;
    let services: ServiceProcess[];
    let folders: string[];
    let label: string;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis[Symbol.asyncDispose]());
    beforeEach(() => {
      services = [];
      folders = [];
      label = uniqueLabel();
    });
    afterEach(async () => {
      for (const service of services) await service.stop();
      const engines = async () =>
        (await cli(docker.socket, 'ps', '-aq', '--filter', `label=${label}`)).split('\n').filter(Boolean);
      // Fails if a service is already removing the engine.
      for (const id of await engines()) await cli(docker.socket, 'rm', '-f', id).catch(() => {});
      await waitUntil('all engines are gone', async () => (await engines()).length === 0, TIMEOUT_MS);
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    });

    async function start(settings: Record<string, string> = {}): Promise<ServiceProcess> {
      const folder = await mkdtemp(join(tmpdir(), 'roundhouse-cluster-'));
      folders.push(folder);
      const { first, last } = await freePortRange();
      const service = new ServiceProcess({
        ENGINE_RUNTIME: 'docker',
        DOCKER_HOST: `unix://${docker.socket}`,
        ENGINE_IMAGE: docker.engineImage,
        CONTAINER_LABEL: label,
        PORT_RANGE_HOST: `${first}-${last}`,
        DATA_DIR: folder,
        REDIS_URL: redis.url,
        REDIS_PREFIX: label.replace(/[^a-z0-9]/g, ''),
        LEADER_LEASE_S: '2',
        MIN_REPLICAS: '0',
        MIN_FREE_REPLICAS: '0',
        ...settings,
      });
      services.push(service);
      await service.waitUntilListening();
      await waitUntil(
        'the service is ready',
        async () => (await service.get('/readyz')).status === 200,
        TIMEOUT_MS,
      );
      const isConnected = async () => (await cacheStats(service)).connected;
      await waitUntil('it receives invalidations', isConnected, TIMEOUT_MS);
      return service;
    }

    const health = async (service: ServiceProcess) => (await service.get<Health>('/health')).body;
    const isLeading = async (service: ServiceProcess) => (await health(service)).cluster?.leading === true;
    const cacheStats = async (service: ServiceProcess) =>
      (await service.get<CacheStats>('/cache/stats')).body.caches.stats.redis;

    it('load each polled answer once for all of them, and receive invalidations', async () => {
      const settings = {
        CACHE_TTL_STATS_TOTAL_S: '600',
        CACHE_KEEP_WARM: 'false',
        CACHE_WARM_ON_START: 'false',
      };
      const [a, b] = [await start(settings), await start(settings)];
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
      const [a, b] = [await start(settings), await start(settings)];
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
      await cli(docker.socket, 'rm', '-f', victim!.container_id);
      const isReplaced = async () => {
        const ids = (await other.get<{ container_id: string }[]>('/engines')).body;
        return ids.length === 2 && !ids.some(({ container_id }) => container_id === victim!.container_id);
      };
      await waitUntil('the engine is replaced', isReplaced, TIMEOUT_MS);
      expect(await countEngines(other)).toBe(2);
    });

    it('do not remove an engine with a stream that was reported to another orchestrator', async () => {
      const reported = await start();
      await waitUntil('it leads', () => isLeading(reported), TIMEOUT_MS);
      expect(await reported.post('/provision/acestream', {})).toBe(200);
      const [engine] = (await reported.get<{ container_id: string; port: number }[]>('/engines')).body;
      const url = `http://127.0.0.1:${engine!.port}/none`;
      const report = {
        container_id: engine!.container_id,
        engine: { host: '127.0.0.1', port: engine!.port },
        stream: { key_type: 'infohash', key: '0'.repeat(40) },
        session: { playback_session_id: 'p', stat_url: url, command_url: url, is_live: 1 },
      };
      expect(await reported.post('/events/stream_started', report)).toBe(200);

      const settings = { AUTO_DELETE: 'true', ENGINE_GRACE_PERIOD_S: '0', AUTOSCALE_INTERVAL_S: '0.2' };
      const successor = await start(settings);
      const used = async () =>
        (await successor.get<{ capacity: { used: number } }>('/orchestrator/status')).body.capacity.used;
      await waitUntil('the stream is listed', async () => (await used()) === 1, TIMEOUT_MS);
      await reported.kill();
      await waitUntil('it leads', () => isLeading(successor), TIMEOUT_MS);
      // Idle engines are removed at once. When a second one has been removed, an idle first one would be too.
      expect(await successor.post('/provision/acestream', {})).toBe(200);
      const ids = async () =>
        (await successor.get<{ container_id: string }[]>('/engines')).body.map(
          ({ container_id }) => container_id,
        );
      await waitUntil('the idle engine is removed', async () => (await ids()).length === 1, TIMEOUT_MS);
      expect(await ids()).toEqual([engine!.container_id]);
      const [{ id: streamId } = { id: '' }] = (await successor.get<{ id: string }[]>('/streams')).body;
      expect(await successor.post('/events/stream_ended', { stream_id: streamId })).toBe(200);
      await waitUntil(
        'all engines are removed after the end of the stream',
        async () => (await ids()).length === 0,
        TIMEOUT_MS,
      );
    });

    it('serve requests while Redis is unavailable, without a leader', async () => {
      const a = await start();
      await waitUntil('it leads', () => isLeading(a), TIMEOUT_MS);
      await redis.kill('SIGKILL');
      try {
        await waitUntil('it no longer leads', async () => !(await isLeading(a)), TIMEOUT_MS);
        expect((await health(a)).cluster).toEqual({ redis: 'away', leading: false });
        expect((await a.get('/engines/stats/total')).status).toBe(200);
        expect(await a.post('/provision/acestream', {})).toBe(200);
      } finally {
        await redis.start();
      }
      await waitUntil('it leads again', () => isLeading(a), TIMEOUT_MS);
      expect(a.errors).toEqual([]);
    });
  });
});
