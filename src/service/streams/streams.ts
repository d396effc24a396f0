import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';

/** How a stream's `key` identifies its content. */
export type KeyType = 'content_id' | 'infohash' | 'url' | 'magnet';

/** A playback on an engine. Times are milliseconds since the epoch. */
export interface Stream {
  id: string;
  keyType: KeyType;
  key: string;
  /** What its client calls it, or the title of its content; null if neither is known. */
  name: string | null;
  /** Null if the stream's URLs lead to no managed engine. */
  engineId: string | null;
  playbackSessionId: string;
  statUrl: string;
  commandUrl: string;
  isLive: boolean;
  startedAt: number;
  /** Null until it has ended. */
  endedAt: number | null;
}

/** A stream to start. */
export type NewStream = Omit<Stream, 'startedAt' | 'endedAt'>;

/** Maximum number of ended streams kept, to tell a repeated end from that of an unknown stream. */
export const MAX_ENDED_STREAMS = 1000;
/** Bounds the memory used by clients that never report an end. */
const MAX_STARTED_STREAMS = 5000;

/** Streams as reported by clients. A stream starts once and ends once, even if a client repeats its report. */
export class Streams {
  readonly #bus: EventBus;
  readonly #started = new Map<string, Stream>();
  readonly #ended = new Map<string, Stream>();

  constructor(bus: EventBus) {
    this.#bus = bus;
    // The streams of an engine end with it.
    bus.subscribe((event) => {
      if (event.type !== 'engine_stopped') return;
      const cause = event.reason === 'node_lost' ? 'node_lost' : 'engine_stopped';
      for (const stream of this.ofEngine(event.engineId)) this.end(stream.id, cause);
    });
  }

  /**
   * Adds a started stream. If it has been started already, returns it unchanged.
   * @param startedAt milliseconds since the epoch; defaults to now, but later than any former start of this id
   */
  start(stream: NewStream, startedAt = this.#nextStart(stream.id)): Stream {
    const existing = this.#started.get(stream.id);
    if (existing) return existing;
    const started: Stream = { ...stream, startedAt, endedAt: null };
    this.#ended.delete(stream.id);
    this.#started.set(stream.id, started);
    this.#bus.publish({ type: 'stream_started', streamId: stream.id, engineId: stream.engineId });
    this.#limitStarted();
    return started;
  }

  /** The start time tells apart two starts of one id. */
  #nextStart(id: string): number {
    const former = this.#ended.get(id)?.startedAt ?? 0;
    return Math.max(Date.now(), former + 1);
  }

  /**
   * Ends a stream.
   * @param reason why it ended, as a word of ours or the client's; null if unknown
   * @returns the stream, or null if it was not started
   */
  end(id: string, reason: string | null): Stream | null {
    const stream = this.#started.get(id);
    if (!stream) return null;
    const ended: Stream = { ...stream, endedAt: Date.now() };
    this.#started.delete(id);
    this.#addEnded(ended);
    this.#bus.publish({ type: 'stream_ended', streamId: id, engineId: stream.engineId, reason });
    return ended;
  }

  /** Adds streams of a previous run, except those reported again since. */
  restore(streams: readonly Stream[]): void {
    const restored = streams.filter(({ id }) => this.get(id) === undefined);
    if (restored.length === 0) return;
    for (const stream of restored) {
      if (stream.endedAt === null) this.#started.set(stream.id, stream);
      else this.#addEnded(stream);
    }
    const started = restored.filter(({ endedAt }) => endedAt === null).length;
    this.#bus.publish({ type: 'streams_restored', started });
    this.#limitStarted();
  }

  #addEnded(ended: Stream): void {
    this.#ended.set(ended.id, ended);
    if (this.#ended.size > MAX_ENDED_STREAMS) this.#ended.delete(this.#ended.keys().next().value!);
  }

  #limitStarted(): void {
    while (this.#started.size > MAX_STARTED_STREAMS)
      this.end(this.#started.keys().next().value!, 'forgotten');
  }

  /** A started stream, or an ended one that is still kept. */
  get(id: string): Stream | undefined {
    return this.#started.get(id) ?? this.#ended.get(id);
  }

  /** @throws RoundhouseError `stream_not_found` */
  require(id: string): Stream {
    const stream = this.get(id);
    if (stream) return stream;
    throw new RoundhouseError('stream_not_found', 'No stream has this id');
  }

  /** All started streams, oldest first. */
  started(): Stream[] {
    return [...this.#started.values()];
  }

  /** All streams, ended ones included, newest first. */
  list(): Stream[] {
    return [...this.#started.values(), ...this.#ended.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  /** Started streams of each engine that has any. */
  byEngine(): Map<string, Stream[]> {
    const streams = new Map<string, Stream[]>();
    for (const stream of this.#started.values()) {
      if (stream.engineId === null) continue;
      const others = streams.get(stream.engineId);
      if (others) others.push(stream);
      else streams.set(stream.engineId, [stream]);
    }
    return streams;
  }

  /** Started streams of an engine. */
  ofEngine(engineId: string): Stream[] {
    return this.started().filter((stream) => stream.engineId === engineId);
  }

  /** @returns the numbers of streams, and the ids of the engines they play on, known to the registry or not */
  counts(): { active: number; total: number; engineIds: ReadonlySet<string> } {
    return {
      active: this.#started.size,
      total: this.#started.size + this.#ended.size,
      engineIds: new Set(this.started().flatMap(({ engineId }) => engineId ?? [])),
    };
  }

  /** @returns the number of playing streams by id of their engine */
  countsByEngine(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { engineId } of this.started())
      if (engineId !== null) counts.set(engineId, (counts.get(engineId) ?? 0) + 1);
    return counts;
  }
}
