import type { EngineSpec, RuntimeEngine } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';
import { imageOf, type JoinedVpn, variantOf } from './create.ts';
import { hostOf } from './network.ts';
import type { DockerEngineOptions } from './options.ts';

/** A start can take Docker this long when many are in progress. */
export const START_TIMEOUT_MS = 60_000;

/**
 * Starts a created container and inspects it. At `returnBy`, a start still in progress continues in the
 * background.
 * @param returnBy milliseconds of `performance.now()`
 * @param callbacks.inspect called once the container has started
 * @param callbacks.onFailed called if a start that continued in the background fails
 * @returns the result of `inspect`, or null if it failed or the start is still in progress
 * @throws RoundhouseError as {@link toCreateError}
 */
export async function startContainer<T>(
  client: DockerClient,
  id: string,
  returnBy: number,
  { inspect, onFailed }: { inspect: () => Promise<T | null>; onFailed: () => void },
): Promise<T | null> {
  const start = client.call('start', (abortSignal) => client.docker.getContainer(id).start({ abortSignal }), {
    timeoutMs: START_TIMEOUT_MS,
  });
  // If the inspection fails, the container has started nevertheless.
  const outcome = start.then(() => inspect().catch(() => null), toCreateError);
  const { promise: timeout, resolve } = Promise.withResolvers<'still starting'>();
  const timer = setTimeout(() => resolve('still starting'), Math.max(0, returnBy - performance.now()));
  const first = await Promise.race([outcome, timeout]);
  clearTimeout(timer);
  if (first instanceof RoundhouseError) throw first;
  if (first !== 'still starting') return first;
  void outcome.then((late) => {
    if (late instanceof RoundhouseError) onFailed();
  });
  return null;
}

/**
 * Converts an error of Docker's create or start call to a RoundhouseError `port_taken`, `image_missing`,
 * `runtime_unavailable` or `provisioning_failed`.
 */
export function toCreateError(error: unknown): RoundhouseError {
  if (error instanceof RoundhouseError) return error;
  const message = hasStatus(error, 400, 404, 409, 500) ? (error.json?.message ?? error.message) : '';
  if (/port is already allocated|address already in use/i.test(message)) {
    return new RoundhouseError('port_taken', 'The port is in use on the host', { cause: error });
  }
  if (hasStatus(error, 404) && /no such image/i.test(message)) {
    const image = /image: (\S+)/i.exec(message)?.[1] ?? 'the engine image';
    return new RoundhouseError('image_missing', `Docker has no image ${image}: run docker pull ${image}`, {
      cause: error,
    });
  }
  return new RoundhouseError('provisioning_failed', 'Docker could not start the engine', { cause: error });
}

/** Describes an engine whose container has been created, until it can be inspected. */
export function describeStarting(
  id: string,
  spec: EngineSpec,
  vpn: JoinedVpn | undefined,
  options: DockerEngineOptions,
): RuntimeEngine {
  const { name, ports, labels, custom, forwardedPort = null } = spec;
  const { vpnContainer, vpnContainerId } = vpn ?? { vpnContainer: null, vpnContainerId: null };
  return {
    id,
    name,
    host: hostOf(options.network, options.engineHost, { name, vpnContainer }),
    ports,
    labels,
    vpnContainer,
    vpnContainerId,
    forwardedPort,
    variant: variantOf(options, custom),
    image: imageOf(options, custom),
    createdAt: Date.now(),
    startedAt: null,
    paused: false,
  };
}
