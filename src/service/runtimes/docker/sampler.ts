import { setImmediate as nextIteration } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ResourceSample } from '../../engines/runtime.ts';
import { parseApiStats } from './api-stats.ts';
import { type CgroupCounters, readCgroup } from './cgroup.ts';
import type { DockerClient } from './client.ts';
import type { EngineContainer } from './containers.ts';

/** Takes a sample of a container; null if it is gone or this source cannot read it. */
export type DockerSampleSource = (
  container: EngineContainer,
  signal: AbortSignal,
) => Promise<ResourceSample | null>;

const oneAtATime = pLimit(1);

/**
 * Samples from the kernel's files; null if they cannot be read on this machine. It reads one container per
 * iteration of the event loop, because reading hundreds at once would block it.
 */
export const sampleFromCgroup: DockerSampleSource = (container) =>
  oneAtATime(async () => {
    await nextIteration();
    const counters = readCgroup(container.pid, container.engine.id);
    return counters && toSample(container, counters, Date.now());
  });

/** Samples from the Docker API, with one call per sample; null if the container is gone. */
export function sampleFromApi(client: DockerClient): DockerSampleSource {
  return async (container, signal) => {
    const response = await client.call(
      'stats',
      (abortSignal) => {
        const options = { stream: false as const, 'one-shot': true, abortSignal };
        return client.docker.getContainer(container.engine.id).stats(options);
      },
      { signal },
    );
    const counters = parseApiStats(response);
    return counters && toSample(container, counters, counters.takenAt);
  };
}

/** Uses the first source that returns a sample. */
export function firstOf(...sources: DockerSampleSource[]): DockerSampleSource {
  return async (container, signal) => {
    for (const source of sources) {
      const sample = await source(container, signal);
      if (sample) return sample;
    }
    return null;
  };
}

function toSample(container: EngineContainer, counters: CgroupCounters, takenAt: number): ResourceSample {
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
