import type { RedisLink } from '../../library/redis/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';

const INTERVAL_MS = 10_000;

/** Options of {@link Synchronization}. */
export interface SynchronizationOptions {
  link: RedisLink;
  /** Channel on which changes are announced. */
  channel: string;
  /** Reads from Redis and writes to it. Called only while Redis is connected, one call at a time. */
  synchronize: () => Promise<void>;
  /** Called when a synchronization fails while Redis is connected. */
  onError: (error: unknown) => void;
}

/**
 * Synchronizes something with Redis when another orchestrator announces a change, when this one triggers it, and
 * periodically: that repairs what was missed while Redis was disconnected or lost its data.
 */
export class Synchronization {
  readonly #link: RedisLink;
  readonly #channel: string;
  readonly #task: SerialTask;
  #subscription: RedisLink | undefined;
  #unsubscribe = () => {};

  constructor({ link, channel, synchronize, onError }: SynchronizationOptions) {
    this.#link = link;
    this.#channel = channel;
    const run = async () => {
      if (link.state === 'connected') await synchronize().catch(onError);
    };
    this.#task = new SerialTask(run, { clock: link.clock, intervalMs: INTERVAL_MS });
  }

  /** Begins to synchronize. */
  start(): void {
    const trigger = () => this.trigger();
    this.#subscription = this.#link.subscribe({ channel: this.#channel, onMessage: trigger });
    // Messages from before the subscription were not received, and changes from before the connection not published.
    this.#subscription.onConnected(trigger);
    this.#unsubscribe = this.#link.onConnected(trigger);
    this.#task.schedule(INTERVAL_MS);
  }

  /** Starts a synchronization now. */
  trigger(): void {
    this.#task.trigger();
  }

  /** Ends it. The link stays open. */
  close(): void {
    this.#task.stop();
    this.#unsubscribe();
    this.#subscription?.close();
  }
}
