import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { buildApp } from '../../../src/service/app.ts';
import { Settings } from '../../../src/service/config/settings-store.ts';
import { openRuntime } from '../../../src/service/runtimes/open-runtime.ts';
import { API_KEY, DockerService, uniqueLabel } from '../docker/docker-service.ts';
import { waitUntil } from '../wait-until.ts';
import type { Swarm } from './swarm.ts';

const READY_TIMEOUT_MS = 20_000;

/**
 * Starts the application on the managers of a Swarm and waits until it is ready.
 * @param managers numbers of the nodes in DOCKER_HOST
 * @param env settings in addition to the defaults of the tests
 */
export async function startSwarmService(
  swarm: Swarm,
  engineImage: string,
  managers: readonly number[],
  env: NodeJS.ProcessEnv = {},
): Promise<DockerService> {
  const environment = {
    ENGINE_RUNTIME: 'swarm',
    DOCKER_HOST: managers.map((number) => `unix://${swarm.node(number).socket}`).join(','),
    ENGINE_IMAGE: engineImage,
    CONTAINER_LABEL: uniqueLabel(),
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    PORT_RANGE_HOST: '19000-19099',
    DATA_DIR: env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'roundhouse-swarm-data-'))),
    ...env,
  };
  const settings = new Settings({ environment, file: {} });
  const { config } = settings;
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  const { runtime, vpnContainers } = await openRuntime(config, () => {});
  const app = await buildApp(settings, { runtime, vpnContainers, apiKey: API_KEY, version: '0.0.0', logger });
  const service = new DockerService(app, config.dataDir);
  app.start();
  await waitUntil(
    'the service is ready',
    async () => (await service.get('/readyz')).status === 200,
    READY_TIMEOUT_MS,
  );
  return service;
}
