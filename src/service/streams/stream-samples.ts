import type { EventBus } from '../events/events.ts';
import type { StreamSample } from './sample.ts';

/** Samples of all streams together; some 40 MB. Below it, 138 streams keep an hour at the default pace. */
const MAX_SAMPLES = 100_000;

interface Figures {
  /** Oldest first. */
  readonly samples: StreamSample[];
  current: StreamSample | null;
}

/**
 * The figures of streams: the current ones, and so many of the last samples. Where all together are too many,
 * the stream that was sampled longest ago loses its oldest: first those that have ended, then all in turn.
 */
export class StreamSamples {
  readonly #historyMax: number;
  readonly #mostSamples: number;
  /** In the order in which they were sampled last. */
  readonly #figures = new Map<string, Figures>();
  #count = 0;

  /** @param historyMax samples kept of one stream */
  constructor(bus: EventBus, historyMax: number, mostSamples = MAX_SAMPLES) {
    this.#historyMax = historyMax;
    this.#mostSamples = mostSamples;
    // A stream that is started again has a new session, whose totals begin at nothing.
    bus.subscribe((event) => {
      if (event.type === 'stream_started') this.#forget(event.streamId);
    });
  }

  add(streamId: string, sample: StreamSample): void {
    const samples = this.#figures.get(streamId)?.samples ?? [];
    this.#figures.delete(streamId);
    this.#figures.set(streamId, { samples, current: sample });
    samples.push(sample);
    this.#count += 1;
    if (samples.length > this.#historyMax) this.#dropOldest(streamId, samples);
    for (const [id, figures] of this.#figures) {
      if (this.#count <= this.#mostSamples) break;
      this.#dropOldest(id, figures.samples);
    }
  }

  /** Notes that a stream's figures are not known any more; its history stays. */
  lose(streamId: string): void {
    const figures = this.#figures.get(streamId);
    if (figures) figures.current = null;
  }

  /** The last sample, or null where none is known, or none that still holds. */
  current(streamId: string): StreamSample | null {
    return this.#figures.get(streamId)?.current ?? null;
  }

  /** The samples taken at or after a moment, in milliseconds since the epoch; oldest first. */
  history(streamId: string, since = 0): StreamSample[] {
    return (this.#figures.get(streamId)?.samples ?? []).filter(({ takenAt }) => takenAt >= since);
  }

  #dropOldest(streamId: string, samples: StreamSample[]): void {
    samples.shift();
    this.#count -= 1;
    if (samples.length === 0) this.#figures.delete(streamId);
  }

  #forget(streamId: string): void {
    this.#count -= this.#figures.get(streamId)?.samples.length ?? 0;
    this.#figures.delete(streamId);
  }
}
