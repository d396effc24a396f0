import pLimit from 'p-limit';
import type { Clock } from '../../library/cache/index.ts';
import type { PlaybackSessions } from './sessions.ts';
import type { StreamSamples } from './stream-samples.ts';
import type { Stream, Streams } from './streams.ts';

const MAX_CONCURRENT_READS = 32;
/** Consecutive failed reads after which the last sample no longer counts as current. */
const FAILURES_UNTIL_STALE = 3;

/**
 * Samples all started streams every COLLECT_INTERVAL_S, in parallel, with at most one read per stream at a
 * time. A stream whose session its engine no longer has is ended. A stream that cannot be read is kept: an
 * engine that does not respond may still be playing, and its streams end when it stops.
 */
export class StreamCollector {
  readonly #streams: Streams;
  readonly #samples: StreamSamples;
  readonly #sessions: PlaybackSessions;
  readonly #clock: Clock;
  readonly #timing: { readonly intervalS: number };
  readonly #onError: (error: unknown, streamId: string) => void;
  readonly #onTrouble: (engineId: string) => void;
  readonly #onSample: (stream: Stream) => void;
  readonly #limit = pLimit(MAX_CONCURRENT_READS);
  readonly #reading = new WeakSet<Stream>();
  readonly #failures = new WeakMap<Stream, number>();
  readonly #stopping = new AbortController();
  #cancelTimer: () => void = () => {};

  constructor(parts: {
    streams: Streams;
    samples: StreamSamples;
    sessions: PlaybackSessions;
    clock: Clock;
    /** Time between the starts of two rounds, in seconds. */
    intervalS: number;
    /** Called once when a stream's sample becomes out of date, and again only after a successful read. */
    onError: (error: unknown, streamId: string) => void;
    /** Called on the first of several consecutive failed reads of a stream, with the id of its engine. */
    onTrouble: (engineId: string) => void;
    /** Called after each sample. */
    onSample: (stream: Stream) => void;
  }) {
    this.#streams = parts.streams;
    this.#samples = parts.samples;
    this.#sessions = parts.sessions;
    this.#clock = parts.clock;
    this.#timing = parts;
    this.#onError = parts.onError;
    this.#onTrouble = parts.onTrouble;
    this.#onSample = parts.onSample;
  }

  /** Starts the first round after one interval. */
  start(): void {
    this.#cancelTimer = this.#clock.after(this.#timing.intervalS * 1000, () => {
      this.start();
      this.#collectAll();
    });
  }

  /** Starts no further round and aborts the reads in progress. */
  stop(): void {
    this.#cancelTimer();
    this.#stopping.abort();
  }

  #collectAll(): void {
    for (const stream of this.#streams.started()) {
      if (this.#reading.has(stream)) continue;
      this.#reading.add(stream);
      void this.#limit(() => this.#collect(stream)).finally(() => this.#reading.delete(stream));
    }
  }

  async #collect(stream: Stream): Promise<void> {
    // It may have ended while it was queued, and may end during the request.
    if (!this.#isCurrent(stream)) return;
    try {
      const sample = await this.#sessions.readSample(stream, this.#stopping.signal);
      if (!this.#isCurrent(stream)) return;
      this.#failures.delete(stream);
      if (sample) {
        this.#samples.add(stream.id, sample);
        this.#onSample(stream);
      } else this.#streams.end(stream.id, 'session_gone');
    } catch (error) {
      if (this.#isCurrent(stream)) this.#onFailure(stream, error);
    }
  }

  #isCurrent(stream: Stream): boolean {
    return !this.#stopping.signal.aborted && this.#streams.get(stream.id) === stream;
  }

  #onFailure(stream: Stream, error: unknown): void {
    const failures = (this.#failures.get(stream) ?? 0) + 1;
    this.#failures.set(stream, failures);
    if (failures === 1 && stream.engineId !== null) this.#onTrouble(stream.engineId);
    if (failures !== FAILURES_UNTIL_STALE) return;
    this.#samples.markStale(stream.id);
    this.#onError(error, stream.id);
  }
}
