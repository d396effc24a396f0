import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import type { Label } from '../../src/service/config/values.ts';
import { hasStatus } from '../../src/service/runtimes/docker/client.ts';
import { DockerRuntime } from '../../src/service/runtimes/docker/docker-runtime.ts';
import { type DockerSampleSource, sampleFromCgroup } from '../../src/service/runtimes/docker/sampler.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Cleanup } from './cleanup.ts';
import type { BenchDocker } from './docker.ts';

/** With more at once, a start takes longer than the runtime waits for one. */
const CALLS_AT_ONCE = 4;
const START_DEADLINE_MS = 30_000;
const END_DEADLINE_MS = 20_000;

export const FLEET_COMMAND = 'sleep 86400';
/** Each container has a network of its own, and no port on the host. */
export const FLEET_NETWORK = 'bridge';
export const FLEET_HOST = '127.0.0.1';

/** The real runtime, for containers that bear a label. */
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
  };
  return new DockerRuntime(client, options, source);
}

/**
 * Starts containers and waits until all of them run; they end with the clean-up.
 * @param labels beside the label by which the runtime knows them
 * @param firstPort where the first has its HTTP API on the host, for what asks engines; the others follow
 * @returns their ids
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
  const limit = pLimit(CALLS_AT_ONCE);
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
    await waitUntil('the container runs', () => isRunning(docker, id), START_DEADLINE_MS);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => start(index))));
  return ids;
}

/** Kills a container as somebody would from outside; Docker then removes it by itself. */
export async function killContainer({ client }: BenchDocker, id: string): Promise<void> {
  await client.call('stop', (abortSignal) => client.docker.getContainer(id).kill({ abortSignal }));
}

/** Ends a container, and waits until it is removed: the daemon fails to remove what is going already. */
export async function endContainer(docker: BenchDocker, id: string): Promise<void> {
  const { client } = docker;
  try {
    await killContainer(docker, id);
    await client.call(
      'wait',
      (abortSignal) => client.docker.getContainer(id).wait({ condition: 'removed', abortSignal }),
      { timeoutMs: END_DEADLINE_MS },
    );
  } catch (error) {
    // 404: it is gone; 409: it does not run, and so is on its way.
    if (!hasStatus(error, 404, 409)) throw error;
  }
}

async function isRunning({ client }: BenchDocker, id: string): Promise<boolean> {
  const info = await client.call('inspect', (abortSignal) =>
    client.docker.getContainer(id).inspect({ abortSignal }),
  );
  return info.State.Running;
}
