import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../library/cache/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';
import { endResponses } from '../end-responses.ts';
import { LogText } from './log-text.ts';

const MAX_READERS = 32;
/** Deadline for each chunk of what has already been written. A runtime that takes longer hangs. */
const CHUNK_TIMEOUT_MS = 10_000;
/** A client that reads nothing for this long is disconnected, so that it does not occupy a place. */
const STALL_TIMEOUT_MS = 30_000;

/** A request for a log. */
export interface LogReading {
  /** Whether to continue with what is written from now on. There is no deadline for it. */
  follow: boolean;
  /** Opens the log. The signal is aborted when the client disconnects or the service stops. */
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  /** Writes the head of the response. Called once the log can be read. */
  begin: () => void;
}

/**
 * The clients that read logs. Their number is bounded, and the log is read no faster than the client reads.
 */
export class LogReaders {
  readonly #clock: Clock;
  readonly #readings = new Map<AbortController, Promise<void>>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends a log until it ends, the client disconnects or the service stops. If the log cannot be read to its
   * end, the connection is destroyed, so that the client does not take a part for the whole.
   * @throws RoundhouseError `too_many_clients`, or why the log cannot be read; only before `begin` is called
   */
  async serve(response: ServerResponse, reading: LogReading): Promise<void> {
    if (this.#closed || this.#readings.size >= MAX_READERS)
      throw new RoundhouseError('too_many_clients', 'Too many clients read logs: try again later');
    const ended = new AbortController();
    const abort = () => ended.abort();
    response.once('close', abort);
    // A client may disconnect during a write.
    response.on('error', abort);
    const serving = this.#serve(response, reading, ended.signal).finally(() => {
      ended.abort();
      this.#readings.delete(ended);
    });
    this.#readings.set(ended, serving);
    await serving;
  }

  /** Ends all responses and accepts no more clients. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const ended of this.#readings.keys()) ended.abort();
    await Promise.allSettled(this.#readings.values());
  }

  async #serve(response: ServerResponse, { follow, open, begin }: LogReading, signal: AbortSignal) {
    const chunks = (await open(signal))[Symbol.asyncIterator]();
    const next = () => (follow ? chunks.next() : this.#nextInTime(chunks, signal));
    // Read before the head is written: a failure can still become an error response.
    const first = follow ? null : await next();
    begin();
    try {
      const text = new LogText();
      for (let chunk = first ?? (await next()); !chunk.done; chunk = await next())
        await this.#write(response, text.add(chunk.value), signal);
      signal.throwIfAborted();
      response.end(text.end());
    } catch {
      if (signal.aborted) await endResponses([response]);
      else response.destroy();
    }
  }

  async #nextInTime(chunks: AsyncIterator<Uint8Array>, outer: AbortSignal) {
    const deadline = {
      clock: this.#clock,
      timeoutMs: CHUNK_TIMEOUT_MS,
      subject: 'The runtime',
      signal: outer,
    };
    try {
      return await withinDeadline(deadline, () => chunks.next());
    } catch (cause) {
      throw new RoundhouseError('logs_unavailable', 'The logs could not be read', { cause });
    }
  }

  async #write(response: ServerResponse, text: string, outer: AbortSignal): Promise<void> {
    if (text === '' || response.write(text)) return;
    const deadline = {
      clock: this.#clock,
      timeoutMs: STALL_TIMEOUT_MS,
      subject: 'The client',
      signal: outer,
    };
    await withinDeadline(deadline, (signal) => once(response, 'drain', { signal }));
  }
}
