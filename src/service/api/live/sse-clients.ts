import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../library/cache/index.ts';
import { RoundhouseError } from '../../errors.ts';
import type { ChangeFeed } from '../../events/change-feed.ts';
import { GREETING, HEARTBEAT, noticeMessage, snapshotMessage } from './messages.ts';

const HEARTBEAT_MS = 15_000;
/** What is kept for a client that does not read; beyond it the client is cut off, and may come back. */
const MAX_BACKLOG = 512 * 1024;
/** More than this to catch up with costs more than asking for everything again, and might fill the backlog. */
const MAX_REPLAY = MAX_BACKLOG / 4;

/** The clients of the live notices: so many at most, each bounded in what is kept for it. */
export class SseClients {
  readonly #notices: ChangeFeed;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #responses = new Set<ServerResponse>();
  readonly #unsubscribe: () => void;
  #cancelHeartbeat: () => void = () => {};
  #closed = false;

  /** @param parts `most`: how many clients may follow at once. */
  constructor(parts: { notices: ChangeFeed; clock: Clock; most: number }) {
    this.#notices = parts.notices;
    this.#clock = parts.clock;
    this.#most = parts.most;
    this.#unsubscribe = parts.notices.subscribe((notice) => this.#sendAll(noticeMessage(notice)));
  }

  get size(): number {
    return this.#responses.size;
  }

  /** @throws RoundhouseError `too_many_clients` where no further client may follow. */
  assertRoom(): void {
    if (this.#closed || this.#responses.size >= this.#most)
      throw new RoundhouseError('too_many_clients', 'No further client may follow for now');
  }

  /**
   * Sends notices from now on, first what was missed since `lastId`, or a snapshot where that cannot be told.
   * @param response whose head has been written. Call {@link assertRoom} before, in the same turn.
   */
  add(response: ServerResponse, lastId: string | undefined): void {
    response.on('close', () => this.#remove(response));
    // A client that breaks off while it is written to is no fault of the service.
    response.on('error', () => {});
    this.#responses.add(response);
    if (this.#responses.size === 1) this.#beatLater();
    this.#send(response, GREETING + this.#beginning(lastId));
  }

  /** Ends all streams, those of clients that no longer read as well. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelHeartbeat();
    const open = [...this.#responses];
    for (const response of open) response.end();
    // Node hands what was written to the socket at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
    for (const response of open) if (!response.writableFinished) response.destroy();
  }

  #beginning(lastId: string | undefined): string {
    const { lastId: currentId } = this.#notices;
    if (lastId === undefined) return snapshotMessage(currentId, 'connected', Date.now());
    const replay = this.#notices.since(lastId)?.map(noticeMessage).join('');
    const tellable = replay !== undefined && replay.length <= MAX_REPLAY;
    return tellable ? replay : snapshotMessage(currentId, 'gap', Date.now());
  }

  #sendAll(text: string): void {
    for (const response of this.#responses) this.#send(response, text);
  }

  #send(response: ServerResponse, text: string): void {
    response.write(text);
    if (response.writableLength > MAX_BACKLOG) this.#cutOff(response);
  }

  #cutOff(response: ServerResponse): void {
    this.#remove(response);
    response.destroy();
  }

  #remove(response: ServerResponse): void {
    this.#responses.delete(response);
    if (this.#responses.size === 0) this.#cancelHeartbeat();
  }

  #beatLater(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#beatLater();
      this.#sendAll(HEARTBEAT);
    });
  }
}
