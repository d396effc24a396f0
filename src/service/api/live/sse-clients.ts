import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../library/cache/index.ts';
import { RoundhouseError } from '../../errors.ts';
import type { ChangeFeed } from '../../events/change-feed.ts';
import { endResponses } from '../end-responses.ts';
import { GREETING, HEARTBEAT, noticeMessage, snapshotMessage } from './messages.ts';

const HEARTBEAT_MS = 15_000;
/**
 * Maximum number of bytes buffered for a client that does not read. Beyond it, the client is disconnected.
 */
const MAX_BACKLOG = 512 * 1024;
/** A longer replay costs a client more than reading everything again, and could fill the backlog. */
const MAX_REPLAY = MAX_BACKLOG / 4;

/** The clients of `/events/live`. Their number and what is buffered for each are bounded. */
export class SseClients {
  readonly #notices: ChangeFeed;
  readonly #clock: Clock;
  readonly #maxClients: number;
  readonly #responses = new Set<ServerResponse>();
  readonly #unsubscribe: () => void;
  #cancelHeartbeat: () => void = () => {};
  #closed = false;

  constructor(options: { notices: ChangeFeed; clock: Clock; maxClients: number }) {
    this.#notices = options.notices;
    this.#clock = options.clock;
    this.#maxClients = options.maxClients;
    this.#unsubscribe = options.notices.subscribe((notice) => this.#sendAll(noticeMessage(notice)));
  }

  /** Number of connected clients. */
  get size(): number {
    return this.#responses.size;
  }

  /** @throws RoundhouseError `too_many_clients` if no other client can connect */
  assertRoom(): void {
    if (this.#closed || this.#responses.size >= this.#maxClients)
      throw new RoundhouseError('too_many_clients', 'Too many clients are connected: try again later');
  }

  /**
   * Sends notices to a client until it disconnects. First replays those after `lastId`, or sends a snapshot
   * message if they cannot be replayed.
   * @param response whose head has been written. Call {@link assertRoom} first, in the same turn of the event
   *   loop.
   * @param lastId id of the last message that the client received, or undefined for a new client
   */
  add(response: ServerResponse, lastId: string | undefined): void {
    response.on('close', () => this.#remove(response));
    // A client may disconnect during a write.
    response.on('error', () => {});
    this.#responses.add(response);
    if (this.#responses.size === 1) this.#scheduleHeartbeat();
    this.#send(response, GREETING + this.#firstMessages(lastId));
  }

  /** Ends all streams and accepts no more clients. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelHeartbeat();
    await endResponses([...this.#responses]);
  }

  #firstMessages(lastId: string | undefined): string {
    const { lastId: currentId } = this.#notices;
    if (lastId === undefined) return snapshotMessage(currentId, 'connected', Date.now());
    const replay = this.#notices.since(lastId)?.map(noticeMessage).join('');
    const replayable = replay !== undefined && replay.length <= MAX_REPLAY;
    return replayable ? replay : snapshotMessage(currentId, 'gap', Date.now());
  }

  #sendAll(text: string): void {
    for (const response of this.#responses) this.#send(response, text);
  }

  #send(response: ServerResponse, text: string): void {
    response.write(text);
    if (response.writableLength <= MAX_BACKLOG) return;
    this.#remove(response);
    response.destroy();
  }

  #remove(response: ServerResponse): void {
    this.#responses.delete(response);
    if (this.#responses.size === 0) this.#cancelHeartbeat();
  }

  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#scheduleHeartbeat();
      this.#sendAll(HEARTBEAT);
    });
  }
}
