import pLimit from 'p-limit';
import type { Clock } from '../../library/cache/index.ts';
import type { StreamSamples } from './stream-samples.ts';
import type { PlaybackSessions } from './sessions.ts';
import type { Stream, Streams } from './streams.ts';

const MAX_AT_ONCE = 32;
/** So many failures in a row, and the last figures no longer stand for what the stream does now. */
const FAILURES_UNTIL_UNKNOWN = 3;

/**
 * Asks the engines for the figures of all started streams, every COLLECT_INTERVAL_S, side by side; no stream
 * twice at once. A stream whose session its engine no longer knows has ended. One that cannot be asked is kept:
 * an engine that does not answer may still play, and when it stops its streams end with it.
 */
export class StreamCollector {
  readonly #streams: Streams;
  readonly #figures: StreamSamples;
  readonly #sessions: PlaybackSessions;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onError: (error: unknown, streamId: string) => void;
  readonly #limit = pLimit(MAX_AT_ONCE);
  readonly #asking = new WeakSet<Stream>();
  readonly #failures = new WeakMap<Stream, number>();
  readonly #stopping = new AbortController();
  #cancelNext: () => void = () => {};

  /** @param parts.onError is told once of each stream whose figures become unknown, until they are known again */
  constructor(parts: {
    streams: Streams;
    figures: StreamSamples;
    sessions: PlaybackSessions;
    clock: Clock;
    intervalS: number;
    onError: (error: unknown, streamId: string) => void;
  }) {
    this.#streams = parts.streams;
    this.#figures = parts.figures;
    this.#sessions = parts.sessions;
    this.#clock = parts.clock;
    this.#intervalMs = parts.intervalS * 1000;
    this.#onError = parts.onError;
  }

  start(): void {
    this.#cancelNext = this.#clock.after(this.#intervalMs, () => {
      this.start();
      this.#askAll();
    });
  }

  stop(): void {
    this.#cancelNext();
    this.#stopping.abort();
  }

  #askAll(): void {
    for (const stream of this.#streams.started()) {
      if (this.#asking.has(stream)) continue;
      this.#asking.add(stream);
      void this.#limit(() => this.#ask(stream)).finally(() => this.#asking.delete(stream));
    }
  }

  async #ask(stream: Stream): Promise<void> {
    // It may have ended while it waited for its turn, or ends while its engine is being asked.
    if (!this.#concerns(stream)) return;
    try {
      const sample = await this.#sessions.readSample(stream, this.#stopping.signal);
      if (!this.#concerns(stream)) return;
      this.#failures.delete(stream);
      if (sample) this.#figures.add(stream.id, sample);
      else this.#streams.end(stream.id, 'session_gone');
    } catch (error) {
      if (this.#concerns(stream)) this.#failed(stream, error);
    }
  }

  #concerns(stream: Stream): boolean {
    return !this.#stopping.signal.aborted && this.#streams.get(stream.id) === stream;
  }

  #failed(stream: Stream, error: unknown): void {
    const failures = (this.#failures.get(stream) ?? 0) + 1;
    this.#failures.set(stream, failures);
    if (failures !== FAILURES_UNTIL_UNKNOWN) return;
    this.#figures.lose(stream.id);
    this.#onError(error, stream.id);
  }
}
