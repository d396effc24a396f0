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

const SOON_MS = 30_000;

interface Health {
  engines: number;
  cluster: { redis: string; leading: boolean } | null;
}

interface CacheStats {
  caches: { stats: { redis: { connected: boolean; hits: number; leads: number; stored: number } } };
}

describeWithDocker('orchestrators over one daemon', (docker) => {
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
      // One that a service was just removing cannot be removed a second time.
      for (const id of await engines()) await cli(docker.socket, 'rm', '-f', id).catch(() => {});
      await waitUntil('all engines are gone', async () => (await engines()).length === 0, SOON_MS);
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
      await service.serving();
      await waitUntil('it is ready', async () => (await service.get('/readyz')).status === 200, SOON_MS);
      const heard = async () => (await cacheStats(service)).connected;
      await waitUntil('it hears the others', heard, SOON_MS);
      return service;
    }

    const health = async (service: ServiceProcess) => (await service.get<Health>('/health')).body;
    const isLeading = async (service: ServiceProcess) => (await health(service)).cluster?.leading === true;
    const cacheStats = async (service: ServiceProcess) =>
      (await service.get<CacheStats>('/cache/stats')).body.caches.stats.redis;

    it('load what is polled once for all of them, and hear of each change', async () => {
      const settings = { CACHE_TTL_STATS_TOTAL_S: '600', CACHE_KEEP_WARM: 'false' };
      const [a, b] = [await start(settings), await start(settings)];
      const total = async (service: ServiceProcess) =>
        (await service.get<{ container_count: number }>('/engines/stats/total')).body.container_count;
      await total(a);
      await waitUntil('it is stored', async () => (await cacheStats(a)).stored === 1, SOON_MS);
      expect(await total(b)).toBe(0);
      expect(await cacheStats(b)).toMatchObject({ hits: 1, leads: 0 });
      expect(await a.post('/provision/acestream', {})).toBe(200);
      await waitUntil('both count it', async () => (await total(a)) + (await total(b)) === 2, SOON_MS);
    });

    it('keep up the engines as one, and another goes on when that one dies', async () => {
      const settings = { MIN_REPLICAS: '2', AUTOSCALE_INTERVAL_S: '1' };
      const [a, b] = [await start(settings), await start(settings)];
      const leaders = async () => (await Promise.all([a, b].map(isLeading))).filter(Boolean).length;
      await waitUntil('one leads', async () => (await leaders()) === 1, SOON_MS);
      const counted = async (service: ServiceProcess) => (await health(service)).engines;
      await waitUntil(
        'two engines run',
        async () => (await counted(a)) === 2 && (await counted(b)) === 2,
        SOON_MS,
      );
      const [leader, other] = (await isLeading(a)) ? [a, b] : [b, a];
      await leader.kill();
      await waitUntil('the other leads', () => isLeading(other), SOON_MS);
      const [victim] = (await other.get<{ container_id: string }[]>('/engines')).body;
      await cli(docker.socket, 'rm', '-f', victim!.container_id);
      const isReplaced = async () => {
        const ids = (await other.get<{ container_id: string }[]>('/engines')).body;
        return ids.length === 2 && !ids.some(({ container_id }) => container_id === victim!.container_id);
      };
      await waitUntil('the engine is replaced', isReplaced, SOON_MS);
      expect(await counted(other)).toBe(2);
    });

    it('leave an engine alone that plays a stream which another was told of', async () => {
      const told = await start();
      await waitUntil('it leads', () => isLeading(told), SOON_MS);
      expect(await told.post('/provision/acestream', {})).toBe(200);
      const [engine] = (await told.get<{ container_id: string; port: number }[]>('/engines')).body;
      const url = `http://127.0.0.1:${engine!.port}/none`;
      const report = {
        container_id: engine!.container_id,
        engine: { host: '127.0.0.1', port: engine!.port },
        stream: { key_type: 'infohash', key: '0'.repeat(40) },
        session: { playback_session_id: 'p', stat_url: url, command_url: url, is_live: 1 },
      };
      expect(await told.post('/events/stream_started', report)).toBe(200);

      const deletes = { AUTO_DELETE: 'true', ENGINE_GRACE_PERIOD_S: '0', AUTOSCALE_INTERVAL_S: '0.2' };
      const heir = await start(deletes);
      const used = async () =>
        (await heir.get<{ capacity: { used: number } }>('/orchestrator/status')).body.capacity.used;
      await waitUntil('it knows of the stream', async () => (await used()) === 1, SOON_MS);
      await told.kill();
      await waitUntil('it leads', () => isLeading(heir), SOON_MS);
      // Idle engines go at once: so does a second one, and by then the first would have gone as well.
      expect(await heir.post('/provision/acestream', {})).toBe(200);
      const ids = async () =>
        (await heir.get<{ container_id: string }[]>('/engines')).body.map(({ container_id }) => container_id);
      await waitUntil('the idle engine is gone', async () => (await ids()).length === 1, SOON_MS);
      expect(await ids()).toEqual([engine!.container_id]);
      const [{ id: streamId } = { id: '' }] = (await heir.get<{ id: string }[]>('/streams')).body;
      expect(await heir.post('/events/stream_ended', { stream_id: streamId })).toBe(200);
      await waitUntil('nothing plays, nothing runs', async () => (await ids()).length === 0, SOON_MS);
    });

    it('serve on while Redis is away, and nobody leads until it is back', async () => {
      const a = await start();
      await waitUntil('it leads', () => isLeading(a), SOON_MS);
      await redis.kill('SIGKILL');
      try {
        await waitUntil('it leads no more', async () => !(await isLeading(a)), SOON_MS);
        expect((await health(a)).cluster).toEqual({ redis: 'away', leading: false });
        expect((await a.get('/engines/stats/total')).status).toBe(200);
        expect(await a.post('/provision/acestream', {})).toBe(200);
      } finally {
        await redis.start();
      }
      await waitUntil('it leads again', () => isLeading(a), SOON_MS);
      expect(a.complaints).toEqual([]);
    });
  });
});
