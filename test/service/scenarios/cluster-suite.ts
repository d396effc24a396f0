import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { uniqueLabel } from '../../support/docker/docker-service.ts';
import type { SharedDocker } from '../../support/docker/docker-setup.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ServiceProcess } from './faults/service.ts';

/** Deadline of everything that the tests of several orchestrators wait for, in milliseconds. */
export const TIMEOUT_MS = 30_000;

interface Health {
  engines: number;
  cluster: { redis: string; leading: boolean } | null;
}

interface CacheStats {
  caches: { stats: { redis: { connected: boolean; hits: number; leads: number; stored: number } } };
}

/** Orchestrators with one daemon and one Redis. The services and engines of a test end with it. */
export interface Cluster {
  docker: SharedDocker;
  /** Set before the first test. */
  redis: RedisServer;
  /** Starts an orchestrator. Resolves when it is ready and receives invalidations. */
  start(settings?: Record<string, string>): Promise<ServiceProcess>;
}

/** A suite with several orchestrators, one daemon and one Redis. */
export function describeCluster(name: string, suite: (cluster: Cluster) => void): void {
  describeWithDocker(name, (docker) => {
    describeWithRedis('with one daemon and one Redis', () => {
      let services: ServiceProcess[];
      let folders: string[];
      let label: string;
      const cluster = { docker, start } as Cluster;
      beforeAll(async () => {
        cluster.redis = await startRedis();
      });
      afterAll(() => cluster.redis[Symbol.asyncDispose]());
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
          REDIS_URL: cluster.redis.url,
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

      suite(cluster);
    });
  });
}

/** The answer of `/health`. */
export const health = async (service: ServiceProcess) => (await service.get<Health>('/health')).body;

/** Whether an orchestrator leads. */
export const isLeading = async (service: ServiceProcess) => (await health(service)).cluster?.leading === true;

/** The counters of the second tier of the answers' cache. */
export const cacheStats = async (service: ServiceProcess) =>
  (await service.get<CacheStats>('/cache/stats')).body.caches.stats.redis;
