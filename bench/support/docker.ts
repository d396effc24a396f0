import { DockerClient } from '../../src/service/runtimes/docker/client.ts';
import { startDockerd } from '../../test/support/docker/dockerd.ts';
import { busyboxImage } from '../../test/support/docker/engine-image.ts';
import type { Cleanup } from './cleanup.ts';

/** As the settings' own defaults. */
const TIMEOUT_S = 5;
const CONCURRENCY = 40;

/** A real daemon of the bench's own. */
export interface BenchDocker {
  /** Its address, as DOCKER_HOST wants it. */
  host: string;
  /** Path of its socket. */
  socket: string;
  client: DockerClient;
  /** Busybox alone: 2 MB. */
  image: string;
}

/** @throws Error where no daemon can run here, such as for any user but root. */
export async function openDocker(cleanup: Cleanup): Promise<BenchDocker> {
  const starting = startDockerd();
  // Registered before it is up: an interrupt during its start must end it too.
  cleanup.add(async () => {
    const daemon = await starting.catch(() => undefined);
    await daemon?.stop();
  });
  const { socket } = await starting;
  const host = `unix://${socket}`;
  const client = new DockerClient({ host, timeoutS: TIMEOUT_S, concurrency: CONCURRENCY });
  return { host, socket, client, image: await busyboxImage(socket) };
}
