import type { RedisLink } from '../../library/redis/index.ts';
import { readOrReset } from '../redis/read-or-reset.ts';

/** Longer than the end of an engine can be reported late. */
const DELETED_TTL_S = 600;

/**
 * Shares what has been reported to the operator with the next leader, and which engines were deleted on purpose with
 * the current one.
 */
export class NotificationsExchange {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #onError: (error: unknown) => void;

  /** @param onError called when a command fails */
  constructor(link: RedisLink, onError: (error: unknown) => void) {
    this.#link = link;
    this.#prefix = `${link.prefix}:{notifications}`;
    this.#onError = onError;
  }

  /** The failures that the former leader has reported, with the times at which they began; null if none are stored. */
  async load(): Promise<Record<string, number> | null> {
    const stored = await readOrReset(this.#link, ['GET', `${this.#prefix}:reported`]);
    if (stored === null || stored === undefined) return null;
    const entries = Object.entries(JSON.parse(String(stored)) as object);
    return Object.fromEntries(entries.filter(([, since]) => Number.isSafeInteger(since)));
  }

  /** Stores the reported failures. */
  save(reported: Record<string, number>): void {
    this.#send(['SET', `${this.#prefix}:reported`, JSON.stringify(reported)]);
  }

  /** Announces that this orchestrator deletes an engine. */
  announceDeletion(engineId: string): void {
    this.#send(['SET', this.#deletedKey(engineId), '1', 'EX', String(DELETED_TTL_S)]);
  }

  /** Whether an orchestrator has announced that it deletes an engine. */
  async wasDeleted(engineId: string): Promise<boolean> {
    return Number(await this.#link.send(['EXISTS', this.#deletedKey(engineId)])) > 0;
  }

  #deletedKey(engineId: string): string {
    return `${this.#prefix}:deleted:${engineId}`;
  }

  #send(command: string[]): void {
    if (this.#link.state === 'connected') this.#link.send(command).catch(this.#onError);
  }
}
