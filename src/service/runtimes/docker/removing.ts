import { type DockerClient, hasStatus } from './client.ts';

/** An engine has no state to save, so it gets little time to stop. */
export const STOP_GRACE_S = 2;
/** Timeout of calls that stop or remove a container. */
export const STOP_TIMEOUT_MS = 20_000;

/** Stops and removes a container. One that does not exist any more is no error. */
export async function stopAndRemove(client: DockerClient, id: string): Promise<void> {
  const container = client.docker.getContainer(id);
  try {
    await client.call('stop', (abortSignal) => container.stop({ t: STOP_GRACE_S, abortSignal }), {
      timeoutMs: STOP_TIMEOUT_MS,
    });
  } catch (error) {
    // 304: it has stopped already; 404: it is gone.
    if (!hasStatus(error, 304, 404)) throw error;
  }
  await forceRemove(client, id);
}

/** Removes a container, or waits for its automatic removal if that is already in progress. */
export async function forceRemove(client: DockerClient, idOrName: string): Promise<void> {
  const container = client.docker.getContainer(idOrName);
  const deadline = { timeoutMs: STOP_TIMEOUT_MS };
  try {
    await client.call(
      'remove',
      (abortSignal) => container.remove({ force: true, v: true, abortSignal }),
      deadline,
    );
  } catch (error) {
    if (hasStatus(error, 404)) return;
    if (!hasStatus(error, 409)) throw error;
    await client
      .call('wait', (abortSignal) => container.wait({ condition: 'removed', abortSignal }), deadline)
      .catch((late) => {
        if (!hasStatus(late, 404)) throw late;
      });
  }
}
