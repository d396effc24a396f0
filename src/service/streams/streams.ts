import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';

export type KeyType = 'content_id' | 'infohash' | 'url' | 'magnet';

/** A playback at an engine. Times are milliseconds since the epoch. */
export interface Stream {
  id: string;
  keyType: KeyType;
  key: string;
  engineId: string | null;
  playbackSessionId: string;
  statUrl: string;
  commandUrl: string;
  isLive: boolean;
  startedAt: number;
  endedAt: number | null;
}

export type NewStream = Omit<Stream, 'startedAt' | 'endedAt'>;

/** Ended streams remembered, so that a repeated end can be told from an unknown one. */
export const MAX_ENDED_STREAMS = 1000;
/** A client that never reports an end must not fill the memory. */
const MAX_STARTED = 5000;

/** Streams as clients report them: started once, ended once, however often they say so. */
export class Streams {
  readonly #bus: EventBus;
  readonly #started = new Map<string, Stream>();
  readonly #ended = new Map<string, Stream>();

  constructor(bus: EventBus) {
    this.#bus = bus;
    // An engine that is gone plays nothing.
    bus.subscribe((event) => {
      if (event.type !== 'engine_stopped') return;
      for (const stream of this.ofEngine(event.engineId)) this.end(stream.id, 'engine_stopped');
    });
  }

  /** Notes a start, now or when it was; a stream that is started already is returned as it is. */
  start(stream: NewStream, startedAt = Date.now()): Stream {
    const known = this.#started.get(stream.id);
    if (known) return known;
    const started: Stream = { ...stream, startedAt, endedAt: null };
    this.#ended.delete(stream.id);
    this.#started.set(stream.id, started);
    this.#bus.publish({ type: 'stream_started', streamId: stream.id, engineId: stream.engineId });
    this.#boundStarted();
    return started;
  }

  /**
   * Notes an end.
   * @param reason a word for why it ended, or the reporting client's; null where unknown
   * @returns the stream if it was started until now, else null
   */
  end(id: string, reason: string | null): Stream | null {
    const stream = this.#started.get(id);
    if (!stream) return null;
    const ended: Stream = { ...stream, endedAt: Date.now() };
    this.#started.delete(id);
    this.#rememberEnd(ended);
    this.#bus.publish({ type: 'stream_ended', streamId: id, engineId: stream.engineId, reason });
    return ended;
  }

  /** Takes up streams of a former run, but for those that have been heard of since. */
  restore(streams: readonly Stream[]): void {
    const unheard = streams.filter(({ id }) => this.get(id) === undefined);
    if (unheard.length === 0) return;
    for (const stream of unheard) {
      if (stream.endedAt === null) this.#started.set(stream.id, stream);
      else this.#rememberEnd(stream);
    }
    const started = unheard.filter(({ endedAt }) => endedAt === null).length;
    this.#bus.publish({ type: 'streams_restored', started });
    this.#boundStarted();
  }

  #rememberEnd(ended: Stream): void {
    this.#ended.set(ended.id, ended);
    if (this.#ended.size > MAX_ENDED_STREAMS) this.#ended.delete(this.#ended.keys().next().value!);
  }

  #boundStarted(): void {
    while (this.#started.size > MAX_STARTED) this.end(this.#started.keys().next().value!, 'forgotten');
  }

  /** A stream that is started, or has ended and is still remembered. */
  get(id: string): Stream | undefined {
    return this.#started.get(id) ?? this.#ended.get(id);
  }

  /** @throws RoundhouseError `stream_not_found` */
  require(id: string): Stream {
    const stream = this.get(id);
    if (stream) return stream;
    throw new RoundhouseError('stream_not_found', 'No stream with this id is started or remembered');
  }

  /** All started streams, the oldest first. */
  started(): Stream[] {
    return [...this.#started.values()];
  }

  /** All remembered streams, newest first. */
  list(): Stream[] {
    return [...this.#started.values(), ...this.#ended.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  /** Started streams of an engine. */
  ofEngine(engineId: string): Stream[] {
    return this.started().filter((stream) => stream.engineId === engineId);
  }

  /** @returns also the engines that are said to play, some of which may not be known. */
  counts(): { active: number; total: number; engineIds: ReadonlySet<string> } {
    return {
      active: this.#started.size,
      total: this.#started.size + this.#ended.size,
      engineIds: new Set(this.started().flatMap(({ engineId }) => engineId ?? [])),
    };
  }
}
