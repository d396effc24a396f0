import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { API_KEY, type DockerService, startDockerService } from '../../support/docker/docker-service.ts';
import type { SharedDocker } from '../../support/docker/docker-setup.ts';
import { type Dockerd, startDockerd } from '../../support/docker/dockerd.ts';
import { engineImage } from '../../support/docker/engine-image.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { Acexy, RefusedError } from '../contract/acexy.ts';
import {
  createClient,
  describeClient,
  expectAllGood,
  infohash,
  type ListeningService,
} from '../contract/suite.ts';

const TIMEOUT_MS = 15_000;

/** Makes a service listen. Disposing it deletes its engines. */
async function listen(service: DockerService): Promise<ListeningService> {
  const url = await service.app.api.listen({ host: '127.0.0.1', port: 0 });
  const dispose = async () => {
    const { body: engines } = await service.get<{ container_id: string }[]>('/engines');
    await Promise.all(engines.map(({ container_id }) => service.write('DELETE', `/engines/${container_id}`)));
    await service.close();
  };
  return { url, key: API_KEY, [Symbol.asyncDispose]: dispose };
}

/** Starts a service that listens. */
async function start(
  docker: Pick<SharedDocker, 'socket' | 'engineImage'>,
  settings: Record<string, string>,
): Promise<ListeningService> {
  return await listen(await startDockerService(docker, { MAX_REPLICAS: '3', ...settings }));
}

describeWithDocker('engines in Docker', (docker) => {
  describeClient('with the existing client', (settings) => start(docker, settings));
});

describeWithDocker('the existing client while the daemon hangs', () => {
  let daemon: Dockerd;
  let image: string;

  beforeAll(async () => {
    daemon = await startDockerd();
    image = await engineImage(daemon.socket);
  });
  afterAll(() => daemon.stop());

  it('gets a response to every call within its 3 s, plays on running engines, and gets new engines afterwards', async () => {
    await using service = await start({ socket: daemon.socket, engineImage: image }, { MIN_REPLICAS: '1' });
    const client = createClient(service);
    const hasHealthyEngine = async () => {
      const engines = (await (await fetch(`${service.url}/engines`)).json()) as { health_status: string }[];
      return engines.some(({ health_status }) => health_status === 'healthy');
    };
    await waitUntil('the engine is healthy', hasHealthyEngine, TIMEOUT_MS);
    await client.updateStatus();

    daemon.kill('SIGSTOP');
    // Until the hang is detected, answers are from the cache; after that they are stale or a 503.
    const tolerant: Acexy = new Acexy({ url: service.url, key: service.key, wait: async () => {} });
    await tolerant.updateStatus();
    try {
      const play = await client.play(infohash(1));
      // Its only engine is in use, so it requests another one, three times.
      const refused = await tolerant.play(infohash(2)).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RefusedError);
      expect((refused as RefusedError).refusal).toMatchObject({
        code: 'runtime_unavailable',
        recovery_eta_seconds: 5,
        should_wait: true,
      });
      const isNotReady = async () => (await fetch(`${service.url}/readyz`)).status === 503;
      await waitUntil('the hang is detected', isNotReady, TIMEOUT_MS);
      for (let round = 1; round <= 5; round += 1) {
        await tolerant.choose().catch(() => {});
        await tolerant.updateStatus().catch(() => {});
      }
      await client.end(play);
      expectAllGood(client);
      expect(tolerant.calls.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    } finally {
      daemon.kill('SIGCONT');
    }
    const isReady = async () => (await fetch(`${service.url}/readyz`)).status === 200;
    await waitUntil('the daemon responds again', isReady, TIMEOUT_MS);
    const later = createClient(service);
    await later.updateStatus();
    await later.end(await later.play(infohash(3)));
    expectAllGood(later);
  });
});
