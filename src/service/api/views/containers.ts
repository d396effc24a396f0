import type { Static } from 'typebox';
import type { Engine } from '../../engines/engine.ts';
import type { ContainerSchema } from '../schemas/containers.ts';
import { toTime } from './time.ts';

/** Describes the container of an engine as Docker's clients do; of a local process, what there is of it. */
export function toWireContainer(
  engine: Engine,
  labels: Record<string, string>,
): Static<typeof ContainerSchema> {
  const { id, name, image, createdAt, startedAt, paused, ports, host } = engine;
  return {
    id,
    name,
    image,
    created: toTime(createdAt),
    status: paused ? 'paused' : startedAt === null ? 'created' : 'running',
    labels,
    ports: { [`${ports.containerHttp}/tcp`]: [{ HostIp: host, HostPort: `${ports.hostHttp}` }] },
  };
}
