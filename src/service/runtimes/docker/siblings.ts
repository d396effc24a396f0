import type { ContainerInfo } from 'dockerode';
import type { Label } from '../../config/values.ts';
import { CapacityReachedError } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { instanceOf, parseLabels } from './labels.ts';

/** States in which a container is an engine, or is about to become one. */
const COUNTED = new Set(['created', 'running', 'paused', 'restarting']);

/**
 * Compares a container that was created, but not started, with the other managed ones: another orchestrator may have
 * chosen the same port, or the last place, at the same time. Each creates its container first and then compares, so at
 * least the later one finds the other.
 * @param containers the managed containers in any state, newest first, as Docker lists them
 * @param id the new container's
 * @param maxEngines maximum number of engines
 * @throws RoundhouseError `port_taken`
 * @throws CapacityReachedError
 */
export function compareWithSiblings(
  containers: readonly ContainerInfo[],
  id: string,
  managed: Label,
  maxEngines: number,
): void {
  const counted = containers.filter(({ State }) => COUNTED.has(State));
  const own = counted.find(({ Id }) => Id === id);
  if (!own) return;
  const older = counted.slice(counted.indexOf(own) + 1);
  if (older.length >= maxEngines) throw new CapacityReachedError('Other orchestrators have started engines');
  if (!sharesPorts(own)) return;
  const ports = new Set(portsOf(own, managed));
  const rivals = counted.filter(
    (other) => other !== own && (older.includes(other) || other.State === 'running'),
  );
  for (const other of rivals) {
    if (other.HostConfig.NetworkMode !== own.HostConfig.NetworkMode) continue;
    const taken = portsOf(other, managed).find((port) => ports.has(port));
    if (taken !== undefined)
      throw new RoundhouseError('port_taken', `Port ${taken} is in use by another orchestrator's engine`);
  }
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
