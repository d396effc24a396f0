import type { ContainerInfo } from 'dockerode';
import type { Label } from '../../config/values.ts';
import { CapacityReachedError } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { instanceOf, parseLabels } from './labels.ts';

/** States in which a container is an engine, or is about to become one. */
const COUNTED = new Set(['created', 'running', 'paused', 'restarting']);

/**
 * Compares a container that was created, but not started, with the other managed ones: another orchestrator may have
 * chosen the same port, or the last place, at the same time. Each creates its container first and then compares, so
 * that of two, at least one finds the other. It may be the older one alone, since a container can be listed later than
 * a newer one. The newer of two that are not started yields, and the older waits until it has been removed or started.
 * @param containers the managed containers in any state, newest first, as Docker lists them
 * @param id the new container's
 * @param maxEngines maximum number of engines
 * @returns null if the container can be started, else the error with which it fails if the newer containers that are
 *   in its way are started
 * @throws RoundhouseError `port_taken`
 * @throws CapacityReachedError
 */
export function compareWithSiblings(
  containers: readonly ContainerInfo[],
  id: string,
  managed: Label,
  maxEngines: number,
): RoundhouseError | CapacityReachedError | null {
  const counted = containers.filter(({ State }) => COUNTED.has(State));
  const position = counted.findIndex(({ Id }) => Id === id);
  const own = counted[position];
  if (!own) return null;
  const others = counted.toSpliced(position, 1);
  const settled = others.filter(({ State }, index) => index >= position || State !== 'created');
  const conflict = findConflict(own, settled, managed, maxEngines);
  if (conflict) throw conflict;
  return findConflict(own, others, managed, maxEngines);
}

function findConflict(
  own: ContainerInfo,
  others: readonly ContainerInfo[],
  managed: Label,
  maxEngines: number,
): RoundhouseError | CapacityReachedError | null {
  if (others.length >= maxEngines)
    return new CapacityReachedError('Other orchestrators have started engines');
  if (!sharesPorts(own)) return null;
  const ports = new Set(portsOf(own, managed));
  for (const other of others) {
    if (other.HostConfig.NetworkMode !== own.HostConfig.NetworkMode) continue;
    const taken = portsOf(other, managed).find((port) => ports.has(port));
    if (taken !== undefined)
      return new RoundhouseError('port_taken', `Port ${taken} is in use by another orchestrator's engine`);
  }
  return null;
}

/** Docker itself keeps published ports apart, and engines in a named network have addresses of their own. */
function sharesPorts({ HostConfig: { NetworkMode = '' } }: ContainerInfo): boolean {
  return NetworkMode === 'host' || NetworkMode.startsWith('container:');
}

function portsOf({ Labels }: ContainerInfo, managed: Label): number[] {
  const { hostHttp, containerHttps } = parseLabels(managed, Labels ?? {}).ports;
  return [hostHttp, containerHttps].filter((port) => port !== undefined);
}

/**
 * Finds containers that were created and will never be started: their service was killed, or lost its connection,
 * between the two calls. Those of other services may be about to be started, until they are older than a start can
 * take.
 * @param containers managed containers in the state `created`
 * @param instance this service
 * @param isStarting whether this service is starting a container, by its name or id
 * @param firstSeen when each container was first listed, in milliseconds of any clock; updated
 * @param now by the same clock
 * @param maxStartMs how long a start can take
 */
export function findLeftovers(
  containers: readonly ContainerInfo[],
  instance: string,
  isStarting: (nameOrId: string) => boolean,
  { firstSeen, now, maxStartMs }: { firstSeen: Map<string, number>; now: number; maxStartMs: number },
): string[] {
  const listed = new Set(containers.map(({ Id }) => Id));
  for (const id of firstSeen.keys()) if (!listed.has(id)) firstSeen.delete(id);
  return containers.flatMap(({ Id, Names, Labels }) => {
    const names = Names.map((name) => name.replace(/^\//, ''));
    const creator = instanceOf(Labels ?? {});
    // An operator may have created it with the label of managed engines, to start it later.
    if (creator === undefined || [Id, ...names].some(isStarting)) return [];
    if (creator === instance) return [Id];
    const since = firstSeen.get(Id) ?? now;
    firstSeen.set(Id, since);
    return now - since >= maxStartMs ? [Id] : [];
  });
}
