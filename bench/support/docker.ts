import { DockerClient } from '../../src/service/runtimes/docker/client.ts';
import { startDockerd } from '../../test/support/docker/dockerd.ts';
import { busyboxImage } from '../../test/support/docker/engine-image.ts';
import type { Cleanup } from './cleanup.ts';

/** Defaults of the service's settings. */
const TIMEOUT_S = 5;
const CONCURRENCY = 40;

/** A private Docker daemon. */
export interface BenchDocker {
  /** Its address, in the format of DOCKER_HOST. */
  host: string;
  /** Path of its socket. */
  socket: string;
  client: DockerClient;
  /** Name of a Busybox image of 2 MB. */
  image: string;
}

/**
 * Starts a private Docker daemon.
 * @throws Error if no daemon can run here, for example for users other than root
 */
export async function openDocker(cleanup: Cleanup): Promise<BenchDocker> {
  const starting = startDockerd();
  // Added before the daemon is ready, so that an interrupt during the start stops it too.
  cleanup.add(async () => {
    const daemon = await starting.catch(() => undefined);
    await daemon?.stop();
  });
  const { socket } = await starting;
  const host = `unix://${socket}`;
  const client = new DockerClient({ host, timeoutS: TIMEOUT_S, concurrency: CONCURRENCY });
  return { host, socket, client, image: await busyboxImage(socket) };
}
