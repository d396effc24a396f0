import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { NotifyTarget } from '../config/notify-urls.ts';
import { DeliveryError } from './delivery.ts';
import type { Notification } from './notification.ts';

/** Oldest notifications beyond this number are dropped. */
const MAX_WAITING = 200;
const MAX_AGE_MS = 24 * 3_600_000;
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 900_000;

/** A notification that waits to be sent. */
export interface Delivery {
  notification: Notification;
  /** Failed attempts so far. */
  attempts: number;
  /** Earliest time of the next attempt, in milliseconds of the clock: the time of day may be set back. */
  dueAt: number;
}

/** Sends a notification. @throws DeliveryError */
export type Post = (target: NotifyTarget, notification: Notification, signal: AbortSignal) => Promise<void>;

/** State of a target. Times are milliseconds since the epoch. */
export interface TargetState {
  target: NotifyTarget;
  /** Number of notifications that wait to be sent. */
  waiting: number;
  /** Numbers since the start. */
  sent: number;
  dropped: number;
  lastSentAt: number | null;
  /** Why the latest attempt failed, or null if it succeeded. */
  error: string | null;
}

/** Sends notifications to one target, in order, and repeats failed attempts at growing intervals. */
export class TargetQueue {
  readonly target: NotifyTarget;
  readonly #options: QueueOptions;
  readonly #task: SerialTask;
  readonly #waiting: Delivery[] = [];
  #sent = 0;
  #dropped = 0;
  #lastSentAt: number | null = null;
  #error: string | null = null;

  constructor(target: NotifyTarget, options: QueueOptions) {
    this.target = target;
    this.#options = options;
    this.#task = new SerialTask((signal) => this.#sendDue(signal), { clock: options.clock });
  }

  get state(): TargetState {
    return {
      target: this.target,
      waiting: this.#waiting.length,
      sent: this.#sent,
      dropped: this.#dropped,
      lastSentAt: this.#lastSentAt,
      error: this.#error,
    };
  }

  /** What waits to be sent, oldest first. */
  get waiting(): Delivery[] {
    return [...this.#waiting];
  }

  add(notification: Notification): void {
    this.#waiting.push({ notification, attempts: 0, dueAt: 0 });
    if (this.#waiting.length > MAX_WAITING) this.#drop(this.#waiting.length - MAX_WAITING, 'too many wait');
    this.#options.onChange();
    this.#task.trigger();
  }

  /** Puts deliveries of the previous run first. They are due: what made them fail may have been repaired. */
  restore(deliveries: readonly Delivery[]): void {
    this.#waiting.unshift(...deliveries.slice(-MAX_WAITING).map((delivery) => ({ ...delivery, dueAt: 0 })));
    this.#task.trigger();
  }

  stop(): void {
    this.#task.stop();
  }

  /** Ends the request in progress. Its notification continues to wait. */
  async close(): Promise<void> {
    await this.#task.close();
  }

  /** Sends until nothing is due. @returns the time until the next attempt */
  async #sendDue(signal: AbortSignal): Promise<number | undefined> {
    const { clock, now, post, onChange, onError } = this.#options;
    for (;;) {
      const next = this.#waiting[0];
      if (!next || signal.aborted) return undefined;
      if (now() - Date.parse(next.notification.at) > MAX_AGE_MS) {
        this.#drop(1, 'it is older than a day');
        onChange();
        continue;
      }
      if (next.dueAt > clock.now()) return next.dueAt - clock.now();
      try {
        await post(this.target, next.notification, signal);
        this.#remove(next);
        this.#sent += 1;
        this.#lastSentAt = now();
        this.#error = null;
      } catch (error) {
        if (signal.aborted) return undefined;
        const { message } = error as Error;
        if (this.#error === null) onError(`notifications to ${this.target.masked} fail: ${message}`);
        this.#error = message;
        next.attempts += 1;
        next.dueAt = clock.now() + retryDelayMs(next.attempts, error);
        if (error instanceof DeliveryError && error.isFinal && this.#remove(next)) this.#dropped += 1;
      }
      onChange();
    }
  }

  /** It may have been dropped during the request. */
  #remove(delivery: Delivery): boolean {
    const index = this.#waiting.indexOf(delivery);
    if (index === -1) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  #drop(count: number, reason: string): void {
    this.#waiting.splice(0, count);
    this.#dropped += count;
    this.#options.onError(`dropped a notification to ${this.target.masked}: ${reason}`);
  }
}

/** What a queue needs. */
export interface QueueOptions {
  clock: Clock;
  now: () => number;
  post: Post;
  onChange: () => void;
  onError: (message: string) => void;
}

function retryDelayMs(attempts: number, error: unknown): number {
  const backoffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
  const wantedS = error instanceof DeliveryError ? (error.retryAfterS ?? 0) : 0;
  return Math.max(backoffMs, Math.min(wantedS * 1000, MAX_AGE_MS));
}
