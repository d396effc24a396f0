import type { EventBus } from '../events/events.ts';
import type { StreamSample } from './sample.ts';

/** Bound over all streams, about 40 MB: enough for an hour of 138 streams at the default interval. */
const MAX_SAMPLES = 100_000;

interface Entry {
  /** Oldest first. */
  readonly samples: StreamSample[];
  current: StreamSample | null;
}

/**
 * The latest samples of each stream. Above the bound over all streams, the least recently sampled stream
 * loses its oldest sample: ended streams first, then all in turn.
 */
export class StreamSamples {
  readonly #historyMax: number;
  readonly #maxSamples: number;
  /** Least recently sampled first. */
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /**
   * @param historyMax maximum number of samples per stream
   * @param maxSamples maximum number of samples of all streams together
   */
  constructor(bus: EventBus, historyMax: number, maxSamples = MAX_SAMPLES) {
    this.#historyMax = historyMax;
    this.#maxSamples = maxSamples;
    // A stream that is started again has a new session, whose counters start at zero.
    bus.subscribe((event) => {
      if (event.type === 'stream_started') this.#delete(event.streamId);
    });
  }

  /** Adds the current sample of a stream. */
  add(streamId: string, sample: StreamSample): void {
    const samples = this.#entries.get(streamId)?.samples ?? [];
    this.#entries.delete(streamId);
    this.#entries.set(streamId, { samples, current: sample });
    samples.push(sample);
    this.#count += 1;
    if (samples.length > this.#historyMax) this.#dropOldest(streamId, samples);
    for (const [id, entry] of this.#entries) {
      if (this.#count <= this.#maxSamples) break;
      this.#dropOldest(id, entry.samples);
    }
  }

  /** Marks the current sample of a stream as out of date. Its history is kept. */
  markStale(streamId: string): void {
    const entry = this.#entries.get(streamId);
    if (entry) entry.current = null;
  }

  /** The latest sample, or null if there is none or it is out of date. */
  current(streamId: string): StreamSample | null {
    return this.#entries.get(streamId)?.current ?? null;
  }

  /** The samples taken at or after `since`, in milliseconds since the epoch; oldest first. */
  history(streamId: string, since = 0): StreamSample[] {
    return (this.#entries.get(streamId)?.samples ?? []).filter(({ takenAt }) => takenAt >= since);
  }

  #dropOldest(streamId: string, samples: StreamSample[]): void {
    samples.shift();
    this.#count -= 1;
    if (samples.length === 0) this.#entries.delete(streamId);
  }

  #delete(streamId: string): void {
    this.#count -= this.#entries.get(streamId)?.samples.length ?? 0;
    this.#entries.delete(streamId);
  }
}
