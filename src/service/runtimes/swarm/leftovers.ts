import { instanceOf } from '../docker/labels.ts';
import { START_TIMEOUT_MS } from '../docker/starting.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';

/** How long the service that has started an engine gets to read why it has ended. */
const FOREIGN_MS = 10_000;
/** How long an engine of this orchestrator may be without a node although nobody waits for it: a list may be outdated. */
const UNPLACED_MS = 5000;

/**
 * Finds services whose engine has ended, and those that got no node: their orchestrator was killed, or lost its
 * connection, while it started them.
 */
export class Leftovers {
  readonly #instance: string;
  /** When services without a running engine were first listed, by id. */
  readonly #firstSeen = new Map<string, number>();

  /** @param instance this orchestrator */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /**
   * @param managed managed services
   * @param latest the latest task of each service
   * @param hasEnded whether a task has ended
   * @param isCreating whether this orchestrator is creating the service
   * @param now milliseconds of any clock
   * @returns ids of those to remove
   */
  find(
    managed: readonly ServiceInfo[],
    latest: ReadonlyMap<string, TaskInfo>,
    hasEnded: (task: TaskInfo) => boolean,
    isCreating: (service: ServiceInfo) => boolean,
    now: number,
  ): string[] {
    const listed = new Set(managed.map(({ ID }) => ID));
    for (const id of this.#firstSeen.keys()) if (!listed.has(id)) this.#firstSeen.delete(id);
    return managed.flatMap((service) => {
      const creator = instanceOf(service.Spec.Labels ?? {});
      const task = latest.get(service.ID);
      const isPlaced = task !== undefined && !hasEnded(task) && Boolean(task.NodeID);
      // An operator may have created it with the label of managed engines.
      if (isPlaced || creator === undefined || isCreating(service)) {
        this.#firstSeen.delete(service.ID);
        return [];
      }
      const since = this.#firstSeen.get(service.ID) ?? now;
      this.#firstSeen.set(service.ID, since);
      const isOver = task !== undefined && hasEnded(task);
      const isOwn = creator === this.#instance;
      if (isOwn && isOver) return [service.ID];
      const graceMs = isOver ? FOREIGN_MS : isOwn ? UNPLACED_MS : START_TIMEOUT_MS;
      return now - since >= graceMs ? [service.ID] : [];
    });
  }
}
