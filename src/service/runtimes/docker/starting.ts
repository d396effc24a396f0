import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';

/** Docker itself may need this long for a start when many are under way. */
const START_DEADLINE_MS = 60_000;

/**
 * Starts a created container and has a look at it. Waits for Docker's word until `answerBy`, in milliseconds of
 * `performance.now()`; then the start goes on by itself, and `onFailed` tells if it came to nothing.
 * @returns what `look` saw, or null if it saw nothing or nothing has been seen yet
 */
export async function startContainer<T>(
  client: DockerClient,
  id: string,
  answerBy: number,
  { look, onFailed }: { look: () => Promise<T | null>; onFailed: () => void },
): Promise<T | null> {
  const start = client.call('start', (abortSignal) => client.docker.getContainer(id).start({ abortSignal }), {
    timeoutMs: START_DEADLINE_MS,
  });
  // What cannot be looked at has started all the same.
  const outcome = start.then(() => look().catch(() => null), toCreateError);
  const { promise: patience, resolve } = Promise.withResolvers<'still starting'>();
  const timer = setTimeout(() => resolve('still starting'), Math.max(0, answerBy - performance.now()));
  const first = await Promise.race([outcome, patience]);
  clearTimeout(timer);
  if (first instanceof RoundhouseError) throw first;
  if (first !== 'still starting') return first;
  void outcome.then((late) => {
    if (late instanceof RoundhouseError) onFailed();
  });
  return null;
}

/** Says in our own terms why Docker would not create or start a container. */
export function toCreateError(error: unknown): RoundhouseError {
  if (error instanceof RoundhouseError) return error;
  const said = hasStatus(error, 400, 404, 409, 500) ? (error.json?.message ?? error.message) : '';
  if (/port is already allocated|address already in use/i.test(said)) {
    return new RoundhouseError('port_taken', 'The port is in use on the host', { cause: error });
  }
  if (hasStatus(error, 404) && /no such image/i.test(said)) {
    const image = /image: (\S+)/i.exec(said)?.[1] ?? 'the engine image';
    return new RoundhouseError('image_missing', `Docker has no image ${image}: run docker pull ${image}`, {
      cause: error,
    });
  }
  return new RoundhouseError('provisioning_failed', 'Docker could not start the engine', { cause: error });
}
