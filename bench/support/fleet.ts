import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import type { Label } from '../../src/service/config/values.ts';
import { hasStatus } from '../../src/service/runtimes/docker/client.ts';
import { DockerRuntime } from '../../src/service/runtimes/docker/docker-runtime.ts';
import { type DockerSampleSource, sampleFromCgroup } from '../../src/service/runtimes/docker/sampler.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Cleanup } from './cleanup.ts';
import type { BenchDocker } from './docker.ts';

/** With more concurrent calls, a start exceeds the timeout of the runtime. */
const CONCURRENCY = 4;
const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 20_000;

/** Command of the containers. */
export const FLEET_COMMAND = 'sleep 86400';
/** Docker's default network. The containers publish no ports. */
export const FLEET_NETWORK = 'bridge';
/** Address at which the service expects the engines. */
export const FLEET_HOST = '127.0.0.1';

/** Creates the service's Docker runtime for containers with a label. */
export function createRuntime(
  { client, image }: BenchDocker,
  label: Label,
  source: DockerSampleSource = sampleFromCgroup,
): DockerRuntime {
  const options = {
    variant: 'krinkuto11-amd64' as const,
    image,
    command: FLEET_COMMAND,
    label,
    network: { kind: 'named' as const, network: FLEET_NETWORK },
    engineHost: FLEET_HOST,
    memoryLimit: null,
    armVersions: { arm32: '3.2.13', arm64: '3.2.13' },
    maxEngines: 1000,
    isLocal: true,
    instance: 'bench',
  };
  return new DockerRuntime(client, options, source);
}

/**
 * Starts containers and waits until all of them run. The cleanup removes them.
 * @param labels labels in addition to `label`
 * @param firstPort host port of the first engine's HTTP API; that of each further engine is 2 higher
 * @returns the container ids
 */
export async function startFleet(
  cleanup: Cleanup,
  docker: BenchDocker,
  count: number,
  label: Label,
  labels: Record<string, string> = {},
  firstPort = 1,
): Promise<string[]> {
  const runtime = createRuntime(docker, label);
  const limit = pLimit(CONCURRENCY);
  const ids: string[] = [];
  cleanup.add(() => Promise.all(ids.map((id) => limit(() => endContainer(docker, id)))));
  const start = async (index: number) => {
    const http = firstPort + 2 * index;
    const { id } = await runtime.create({
      name: `bench-${randomBytes(6).toString('hex')}`,
      ports: { hostHttp: http, containerHttp: http, containerHttps: http + 1 },
      labels,
      env: {},
    });
    ids.push(id);
    await waitUntil('the container is running', () => isRunning(docker, id), START_TIMEOUT_MS);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => start(index))));
  return ids;
}

/** Kills a container. Docker then removes it. */
export async function killContainer({ client }: BenchDocker, id: string): Promise<void> {
  await client.call('stop', (abortSignal) => client.docker.getContainer(id).kill({ abortSignal }));
}

/** Kills a container and waits until Docker has removed it: removing it explicitly meanwhile would fail. */
export async function endContainer(docker: BenchDocker, id: string): Promise<void> {
  const { client } = docker;
  try {
    await killContainer(docker, id);
    await client.call(
      'wait',
      (abortSignal) => client.docker.getContainer(id).wait({ condition: 'removed', abortSignal }),
      { timeoutMs: END_TIMEOUT_MS },
    );
  } catch (error) {
    // 404: already removed; 409: not running, so it is being removed.
    if (!hasStatus(error, 404, 409)) throw error;
  }
}

async function isRunning({ client }: BenchDocker, id: string): Promise<boolean> {
  const info = await client.call('inspect', (abortSignal) =>
    client.docker.getContainer(id).inspect({ abortSignal }),
  );
  return info.State.Running;
}
