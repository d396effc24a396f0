import { createHash } from 'node:crypto';
import type { Clock } from '../../library/cache/index.ts';
import type { NotifyTarget } from '../config/notify-urls.ts';
import { isAtLeast, type Notification } from './notification.ts';
import { type Delivery, type Post, TargetQueue, type TargetState } from './target-queue.ts';

/** Options of an {@link Outbox}. */
export interface OutboxOptions {
  targets: readonly NotifyTarget[];
  clock: Clock;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Sends a notification. */
  post: Post;
  /** Called after each change of what waits to be sent. */
  onChange: () => void;
  /** Called when a target begins to fail, and for each notification that is dropped. The text contains no secrets. */
  onError: (message: string) => void;
}

/** Notifications that wait to be sent, by target. */
export type Waiting = Record<string, Delivery[]>;

/** Sends notifications to the targets whose level they reach. */
export class Outbox {
  readonly #options: OutboxOptions;
  #queues = new Map<string, TargetQueue>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.setTargets(options.targets);
  }

  /** State of each target, in the configured order. */
  get states(): TargetState[] {
    return [...this.#queues.values()].map((queue) => queue.state);
  }

  /** The configured targets. */
  get targets(): NotifyTarget[] {
    return [...this.#queues.values()].map(({ target }) => target);
  }

  /** Replaces the targets. What waits for one that remains is kept. */
  setTargets(targets: readonly NotifyTarget[]): void {
    const former = this.#queues;
    this.#queues = new Map();
    for (const target of targets) {
      const id = idOf(target);
      const queue = this.#queues.get(id) ?? former.get(id) ?? new TargetQueue(target, this.#options);
      former.delete(id);
      this.#queues.set(id, queue);
    }
    for (const queue of former.values()) queue.stop();
    if (former.size > 0) this.#options.onChange();
  }

  /** Sends a notification to all targets that receive its level. */
  add(notification: Notification): void {
    for (const queue of this.#queues.values())
      if (isAtLeast(notification.level, queue.target.level)) queue.add(notification);
  }

  /** What waits to be sent, for {@link restore} in the next run. Contains no URLs. */
  get waiting(): Waiting {
    return Object.fromEntries(
      [...this.#queues]
        .filter(([, queue]) => queue.waiting.length > 0)
        .map(([id, queue]) => [id, queue.waiting]),
    );
  }

  /** Adds what waited when the previous run ended. What waited for a target that is no longer configured is dropped. */
  restore(waiting: Waiting): void {
    for (const [id, deliveries] of Object.entries(waiting)) this.#queues.get(id)?.restore(deliveries);
  }

  /** Ends all requests. What waits is kept in {@link waiting}. */
  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}

/** Identifies a target in the file, which therefore contains no URL. */
function idOf({ kind, url, topic, authorization }: NotifyTarget): string {
  const text = JSON.stringify([kind, url, topic, authorization]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
