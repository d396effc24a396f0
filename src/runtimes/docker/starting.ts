import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';

/** Clients give up after 3 s: an engine whose start takes longer is answered for as starting. */
const ANSWER_WITHIN_MS = 2500;
/** Docker itself may need this long for a start when many are under way. */
const START_DEADLINE_MS = 60_000;

/**
 * Starts a created container. Waits for Docker's word only so long; then the start goes on by itself, and
 * `onFailed` tells if it came to nothing.
 * @returns whether the container is known to have started.
 */
export async function startContainer(
  client: DockerClient,
  id: string,
  startedMs: number,
  onFailed: () => void,
): Promise<boolean> {
  const start = client.call('start', (abortSignal) => client.docker.getContainer(id).start({ abortSignal }), {
    timeoutMs: START_DEADLINE_MS,
  });
  const outcome = start.then(
    () => true as const,
    (error: unknown) => toCreateError(error),
  );
  const { promise: patience, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(
    () => resolve(false),
    Math.max(0, ANSWER_WITHIN_MS - (performance.now() - startedMs)),
  );
  const first = await Promise.race([outcome, patience]);
  clearTimeout(timer);
  if (first === true) return true;
  if (first === false) {
    void outcome.then((late) => {
      if (late !== true) onFailed();
    });
    return false;
  }
  throw first;
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
