import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../library/cache/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';
import { LogText } from './log-text.ts';

const MAX_READERS = 32;
/** What is there already comes at once, or something hangs. */
const SILENCE_DEADLINE_MS = 10_000;
/** Whoever takes nothing for so long is cut off: others may want the place. */
const STALL_DEADLINE_MS = 30_000;

export interface LogReading {
  /** Whether it goes on with what is yet to be written, for which there is no deadline. */
  follow: boolean;
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  /** Writes the head of the response. */
  begin: () => void;
}

/** The clients that read logs: so many at most. What they do not take is not read from the engine either. */
export class LogReaders {
  readonly #clock: Clock;
  readonly #readings = new Map<AbortController, Promise<void>>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#readings.size;
  }

  /**
   * Sends a log until it ends, the client leaves or the service stops. A failure in the middle breaks the response
   * off, so that a part cannot be taken for the whole.
   * @throws RoundhouseError, only before the head is written: `too_many_clients`, or why the log cannot be read
   */
  async serve(response: ServerResponse, reading: LogReading): Promise<void> {
    if (this.#closed || this.#readings.size >= MAX_READERS)
      throw new RoundhouseError('too_many_clients', 'No further client may read logs for now');
    const ended = new AbortController();
    const leave = () => ended.abort();
    response.once('close', leave);
    // A client that breaks off while it is written to is no fault of the service.
    response.on('error', leave);
    const serving = this.#serve(response, reading, ended.signal).finally(() => {
      ended.abort();
      this.#readings.delete(ended);
    });
    this.#readings.set(ended, serving);
    await serving;
  }

  /** Ends all readings. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const ended of this.#readings.keys()) ended.abort();
    await Promise.allSettled(this.#readings.values());
  }

  async #serve(response: ServerResponse, { follow, open, begin }: LogReading, signal: AbortSignal) {
    const chunks = (await open(signal))[Symbol.asyncIterator]();
    const next = () => (follow ? chunks.next() : this.#nextSoon(chunks, signal));
    // What fails at once can still be told.
    const first = follow ? null : await next();
    begin();
    try {
      const text = new LogText();
      for (let chunk = first ?? (await next()); !chunk.done; chunk = await next())
        await this.#write(response, text.add(chunk.value), signal);
      signal.throwIfAborted();
      response.end(text.end());
    } catch {
      if (signal.aborted) await endOrCutOff(response);
      else response.destroy();
    }
  }

  async #nextSoon(chunks: AsyncIterator<Uint8Array>, outer: AbortSignal) {
    const deadline = { clock: this.#clock, timeoutMs: SILENCE_DEADLINE_MS, who: 'The runtime', outer };
    try {
      return await withinDeadline(deadline, () => chunks.next());
    } catch (cause) {
      throw new RoundhouseError('logs_unavailable', 'The logs could not be read', { cause });
    }
  }

  async #write(response: ServerResponse, text: string, outer: AbortSignal): Promise<void> {
    if (text === '' || response.write(text)) return;
    const deadline = { clock: this.#clock, timeoutMs: STALL_DEADLINE_MS, who: 'The client', outer };
    await withinDeadline(deadline, (signal) => once(response, 'drain', { signal }));
  }
}

/** Ends a response in order, or at once where its client does not take the end. */
async function endOrCutOff(response: ServerResponse): Promise<void> {
  response.end();
  // Node hands what was written to the socket at the end of this turn.
  await new Promise((resolve) => setImmediate(resolve));
  if (!response.writableFinished) response.destroy();
}
