import { CapacityReachedError } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { hasStatus } from '../docker/client.ts';
import { toCreateError } from '../docker/starting.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';
import { publishedPorts } from './service-engine.ts';

/**
 * Compares a new service with the others of the Swarm: another orchestrator may have chosen the same port, or the last
 * place, at the same time. All managers show the same order of services, so the newer of two yields.
 * @param services all services of the Swarm
 * @param isEngine whether a service is a managed engine that has not ended
 * @throws RoundhouseError `port_taken`
 * @throws CapacityReachedError
 */
export function assertPlace(
  own: ServiceInfo,
  services: readonly ServiceInfo[],
  isEngine: (service: ServiceInfo) => boolean,
  maxEngines: number,
): void {
  const older = services.filter((service) => isOlder(service, own));
  const ports = new Set(publishedPorts(own));
  for (const service of older) {
    const taken = publishedPorts(service).find((port) => ports.has(port));
    if (taken !== undefined)
      throw new RoundhouseError(
        'port_taken',
        `Port ${taken} is published by the service ${service.Spec.Name}`,
      );
  }
  if (older.filter(isEngine).length >= maxEngines)
    throw new CapacityReachedError('Other orchestrators have started engines');
}

function isOlder(service: ServiceInfo, own: ServiceInfo): boolean {
  const difference = Date.parse(service.CreatedAt) - Date.parse(own.CreatedAt);
  return difference < 0 || (difference === 0 && service.CreatedAt + service.ID < own.CreatedAt + own.ID);
}

/** Describes why the task of a new engine has ended. */
export function taskError({ Status }: TaskInfo, image: string, port: number): RoundhouseError {
  const reason = Status.Err ?? Status.State;
  if (
    /no such image|pull access denied|manifest (for .* )?(unknown|not found)|repository .* not found/i.test(
      reason,
    )
  )
    return new RoundhouseError(
      'image_missing',
      `The node of the Swarm has no image ${image}, and could not pull it: run docker pull ${image} on every node`,
    );
  if (/port is already allocated|address already in use/i.test(reason))
    return new RoundhouseError('port_taken', `Port ${port} is in use on the node`);
  const exitCode = Status.ContainerStatus?.ExitCode;
  if (Status.State === 'complete' || /non-zero exit/i.test(reason))
    return new RoundhouseError(
      'engine_exited',
      `The engine exited with code ${exitCode ?? 0} right after its start on port ${port}: check its image, its command and its settings`,
    );
  return new RoundhouseError('provisioning_failed', `Docker Swarm could not start the engine: ${reason}`);
}

/** Describes why Swarm has found no node for a new engine. */
export function unplacedError(task: TaskInfo | undefined): RoundhouseError {
  const reason = task?.Status.Err ?? 'no node has accepted the task in time';
  if (/host-mode port already in use/i.test(reason) && !/insufficient|constraint/i.test(reason))
    return new RoundhouseError('port_taken', `The port is in use on every node (${reason})`);
  return new RoundhouseError(
    'provisioning_failed',
    `Docker Swarm has found no node for the engine: ${reason}`,
  );
}

/** Converts an error of the call that creates a service. */
export function toServiceError(error: unknown): RoundhouseError {
  if (hasStatus(error, 400, 409, 500)) {
    const message = error.json?.message ?? error.message;
    if (/port .* already in use/i.test(message))
      return new RoundhouseError('port_taken', 'The port is published by another service', { cause: error });
    if (hasStatus(error, 400))
      return new RoundhouseError('provisioning_failed', `Docker Swarm refused the engine: ${message}`, {
        cause: error,
      });
  }
  return toCreateError(error);
}
