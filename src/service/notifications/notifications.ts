import type { NotifyTarget } from '../config/notify-urls.ts';
import { createNotification } from './notification.ts';
import { NotificationsFile } from './notifications-file.ts';
import { Notifier, type NotifierOptions } from './notifier.ts';
import { Outbox } from './outbox.ts';
import type { Post, TargetState } from './target-queue.ts';

/** Options of {@link Notifications}. */
export interface NotificationsOptions extends Omit<NotifierOptions, 'send' | 'onReported'> {
  /** Folder of the file with what waits to be sent. */
  dataDir: string;
  targets: readonly NotifyTarget[];
  /** Sends a notification. */
  post: Post;
  /** Called with what the operator should see in the log. The text contains no secrets. */
  onError: (message: string) => void;
}

/** Result of a test of one target. */
export interface TestResult {
  target: NotifyTarget;
  /** Why the notification could not be sent, or null. */
  error: string | null;
}

/** Notifies the operator: what is reported, to whom, and what waits to be sent. */
export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #notifier: Notifier;
  readonly #outbox: Outbox;
  readonly #file: NotificationsFile;

  constructor(options: NotificationsOptions) {
    const { clock, now, targets, dataDir, post, onError } = options;
    this.#options = options;
    this.#file = new NotificationsFile({
      dataDir,
      read: () => ({ waiting: this.#outbox.waiting, reported: this.#notifier.reported }),
      onError,
    });
    const save = () => this.#file.save();
    this.#outbox = new Outbox({ targets, clock, now, post, onChange: save, onError });
    this.#notifier = new Notifier({
      ...options,
      send: (notification) => this.#outbox.add(notification),
      onReported: save,
    });
  }

  /** State of each target, in the configured order. */
  get states(): TargetState[] {
    return this.#outbox.states;
  }

  /** Replaces the targets. */
  setTargets(targets: readonly NotifyTarget[]): void {
    this.#outbox.setTargets(targets);
  }

  /** Reads what the previous run left. */
  async restore(): Promise<void> {
    const saved = await this.#file.load();
    if (!saved) return;
    this.#notifier.restore(saved.reported);
    this.#outbox.restore(saved.waiting);
  }

  /** Begins to observe and to send. */
  start(): void {
    this.#notifier.start();
  }

  /** Sends a test to every target now, whatever its level. Failures are not repeated. */
  async test(signal: AbortSignal): Promise<TestResult[]> {
    const { names, now, post } = this.#options;
    const draft = {
      type: 'test',
      level: 'info',
      title: 'Test of Roundhouse',
      message: `Notifications of ${names.host} arrive here.`,
    } as const;
    return await Promise.all(
      this.#outbox.targets.map(async (target) => {
        try {
          await post(target, createNotification(draft, names.host, now()), signal);
          return { target, error: null };
        } catch (error) {
          return { target, error: (error as Error).message };
        }
      }),
    );
  }

  /** Ends. What waits is saved for the next run. */
  async close(): Promise<void> {
    this.#notifier.close();
    await this.#outbox.close();
    await this.#file.close();
  }
}
