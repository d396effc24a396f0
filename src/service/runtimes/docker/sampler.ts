import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ResourceSample } from '../../engines/runtime.ts';
import { parseApiStats } from './api-stats.ts';
import { type CgroupCounters, readCgroup } from './cgroup.ts';
import type { DockerClient } from './client.ts';
import type { EngineContainer } from './containers.ts';

/** Reads what a container uses. */
export type DockerSampleSource = (
  container: EngineContainer,
  signal: AbortSignal,
) => Promise<ResourceSample | null>;

const oneAtATime = pLimit(1);

/**
 * From the kernel's files; null where they cannot be read from here. One container in each turn of the event
 * loop: hundreds in one would hold up everybody else.
 */
export const sampleFromCgroup: DockerSampleSource = (container) =>
  oneAtATime(async () => {
    await nextTurn();
    const counters = readCgroup(container.pid, container.engine.id);
    return counters && describe(container, counters, Date.now());
  });

/** From the Docker API, one sample a call; null for a container that has gone. */
export function sampleFromApi(client: DockerClient): DockerSampleSource {
  return async (container, signal) => {
    const answer = await client.call(
      'stats',
      (abortSignal) => {
        const options = { stream: false as const, 'one-shot': true, abortSignal };
        return client.docker.getContainer(container.engine.id).stats(options);
      },
      { signal },
    );
    const counters = parseApiStats(answer);
    return counters && describe(container, counters, counters.takenAt);
  };
}

/** The first source that knows. */
export function firstOf(...sources: DockerSampleSource[]): DockerSampleSource {
  return async (container, signal) => {
    for (const source of sources) {
      const sample = await source(container, signal);
      if (sample) return sample;
    }
    return null;
  };
}

function describe(container: EngineContainer, counters: CgroupCounters, takenAt: number): ResourceSample {
  const onHost = container.networkNamespace === null;
  return {
    ...counters,
    takenAt,
    startedAt: container.startedAt,
    networkRx: onHost ? 0 : counters.networkRx,
    networkTx: onHost ? 0 : counters.networkTx,
    networkNamespace: container.networkNamespace,
  };
}
