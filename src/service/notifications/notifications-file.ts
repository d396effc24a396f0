import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SerialTask } from '../../library/util/serial-task.ts';
import { ensureFolder } from '../config/data-folder.ts';
import type { Reported } from './conditions.ts';
import type { Waiting } from './outbox.ts';

/** What the next run continues with. */
export interface SavedNotifications {
  waiting: Waiting;
  reported: Reported;
}

/** Options of a {@link NotificationsFile}. */
export interface NotificationsFileOptions {
  /** Folder of `notifications.json`. */
  dataDir: string;
  /** Returns what is to be saved. */
  read: () => SavedNotifications;
  /** Called if the file cannot be read, and on the first of consecutive failures to write it. */
  onError: (message: string) => void;
}

/** Stores what waits to be sent, and what has been reported, in a small JSON file that is replaced after each change. */
export class NotificationsFile {
  readonly #path: string;
  readonly #options: NotificationsFileOptions;
  readonly #task = new SerialTask(() => this.#save());
  #failing = false;

  constructor(options: NotificationsFileOptions) {
    this.#path = join(options.dataDir, 'notifications.json');
    this.#options = options;
  }

  /** Reads what the previous run saved. A file that is not valid is reported, and overwritten later. */
  async load(): Promise<SavedNotifications | null> {
    try {
      return parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.#options.onError(`could not restore the notifications of the previous run: ${message}`);
      return null;
    }
  }

  /** Saves after the change that has just been made. */
  save(): void {
    this.#task.trigger();
  }

  /** Saves for the last time. */
  async close(): Promise<void> {
    await this.#task.close();
    await this.#save();
  }

  async #save(): Promise<void> {
    const saved = this.#options.read();
    const isEmpty = Object.keys(saved.waiting).length + Object.keys(saved.reported).length === 0;
    try {
      if (isEmpty && !existsSync(this.#path)) return;
      ensureFolder(dirname(this.#path));
      await writeFile(`${this.#path}.tmp`, JSON.stringify(saved), { mode: 0o600 });
      await rename(`${this.#path}.tmp`, this.#path);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#options.onError(`could not save the notifications: ${(error as Error).message}`);
      this.#failing = true;
    }
  }
}

/** @throws Error if the text is not in the format of this version */
function parse(text: string): SavedNotifications {
  const saved = JSON.parse(text) as SavedNotifications | null;
  const isText = (value: unknown) => typeof value === 'string' && value.length < 10_000;
  const isDelivery = (delivery: SavedNotifications['waiting'][string][number]) =>
    Number.isSafeInteger(delivery?.attempts) &&
    typeof delivery.dueAt === 'number' &&
    [delivery.notification?.id, delivery.notification.title, delivery.notification.message].every(isText) &&
    !Number.isNaN(Date.parse(delivery.notification.at));
  const isValid =
    saved !== null &&
    Object.values(saved.waiting).every((deliveries) => deliveries.every(isDelivery)) &&
    Object.values(saved.reported).every((since) => Number.isSafeInteger(since));
  if (!isValid) throw new Error('notifications.json is not in the format of this version');
  return saved;
}
