import type { RedisLink } from '../../library/redis/index.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import type { Stream, Streams } from '../streams/streams.ts';
import { decodeStream, encodeStream } from './stream-record.ts';

const COMPARE_MS = 10_000;

/**
 * Makes the streams that clients report to one orchestrator known to all that share a Redis: an engine that
 * plays a stream of another's must not pass for idle. Starts and ends are told at once; a comparison now and
 * then finds what was missed while Redis was away or forgot.
 */
export class StreamExchange {
  readonly #link: RedisLink;
  readonly #bus: EventBus;
  readonly #streams: Streams;
  readonly #onError: (error: unknown) => void;
  readonly #hash: string;
  readonly #channel: string;
  /** Streams that were reported here, or to a former run here: this process tells of them again. */
  readonly #own = new Set<string>();
  /**
   * Streams of others that the last comparison did not find, and since when. That may be Redis's forgetting:
   * it is an end once their orchestrator has had the time to compare, and to tell of them again.
   */
  #missing = new Map<string, number>();
  /** Since when every start and end is heard of; undefined while it is not. */
  #heardSince: number | undefined;
  /** Set while the doings of another orchestrator are taken over: they need not be told again. */
  #applying = false;
  #comparing = false;
  #closed = false;
  #subscription: RedisLink | undefined;
  #unsubscribe = () => {};
  #cancelComparison = () => {};

  constructor(parts: {
    link: RedisLink;
    bus: EventBus;
    streams: Streams;
    /** Told of comparisons that failed while Redis was there. */
    onError: (error: unknown) => void;
  }) {
    this.#link = parts.link;
    this.#bus = parts.bus;
    this.#streams = parts.streams;
    this.#onError = parts.onError;
    this.#hash = `${parts.link.prefix}:{streams}:started`;
    this.#channel = `${parts.link.prefix}:{streams}:changes`;
  }

  start(): void {
    for (const { id } of this.#streams.started()) this.#own.add(id);
    this.#unsubscribe = this.#bus.subscribe((event) => this.#tell(event));
    this.#subscription = this.#link.subscribe({
      channel: this.#channel,
      onMessage: (message) => this.#hear(message),
    });
    this.#subscription.onConnected(() => {
      this.#heardSince = this.#link.clock.now();
      // What was told before the subscription stood was not heard.
      void this.#compare();
    });
    this.#subscription.onDisconnected(() => {
      this.#heardSince = undefined;
    });
    this.#scheduleComparison();
  }

  /**
   * Whether the streams of all orchestrators are known. Those that lost Redis together come back one by one, and
   * what was reported to them meanwhile is told as they do.
   */
  get isCurrent(): boolean {
    return this.#heardSince !== undefined && this.#link.clock.now() - this.#heardSince >= COMPARE_MS;
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelComparison();
    this.#subscription?.close();
  }

  #tell(event: DomainEvent): void {
    if (event.type === 'stream_ended') this.#own.delete(event.streamId);
    if (this.#applying) return;
    if (event.type === 'stream_started') {
      const stream = this.#streams.get(event.streamId);
      if (!stream) return;
      this.#own.add(stream.id);
      this.#send(['HSET', this.#hash, stream.id, encodeStream(stream)], `+${encodeStream(stream)}`);
    } else if (event.type === 'stream_ended') {
      this.#tellEnd(event.streamId);
    } else if (event.type === 'streams_restored') {
      for (const { id } of this.#streams.started()) this.#own.add(id);
      void this.#compare();
    }
  }

  /** Nobody waits for it: what Redis does not take now, the next comparison tells. */
  #send(change: string[], notice: string): void {
    for (const command of [change, ['PUBLISH', this.#channel, notice]])
      this.#link.send(command).catch(() => {});
  }

  /** A process hears itself too, and finds nothing to do. */
  #hear(message: string): void {
    const rest = message.slice(1);
    if (message.startsWith('-')) this.#apply(() => this.#streams.end(rest, 'ended_elsewhere'));
    const stream = message.startsWith('+') ? decodeStream(rest) : null;
    if (!stream) return;
    const known = this.#streams.get(stream.id);
    // Who was away when it ended tells of this very start anew; one that was started again has another time.
    if (known?.endedAt != null && known.startedAt === stream.startedAt) this.#tellEnd(stream.id);
    else this.#apply(() => this.#streams.start(stream, stream.startedAt));
  }

  #tellEnd(id: string): void {
    this.#send(['HDEL', this.#hash, id], `-${id}`);
  }

  #apply(change: () => void): void {
    this.#applying = true;
    try {
      change();
    } finally {
      this.#applying = false;
    }
  }

  async #compare(): Promise<void> {
    if (this.#comparing || this.#link.state !== 'connected') return;
    this.#comparing = true;
    try {
      this.#reconcile(await this.#readAll());
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#comparing = false;
    }
  }

  async #readAll(): Promise<Map<string, Stream>> {
    const reply = await this.#link.send(['HVALS', this.#hash]);
    const texts = Array.isArray(reply) ? reply.map(String) : [];
    const streams = texts.map(decodeStream).filter((stream) => stream !== null);
    return new Map(streams.map((stream) => [stream.id, stream]));
  }

  #reconcile(told: ReadonlyMap<string, Stream>): void {
    for (const stream of told.values()) {
      const known = this.#streams.get(stream.id);
      const isEnded = known?.endedAt != null && known.endedAt >= stream.startedAt;
      // Its end was not told, because Redis was away.
      if (isEnded) this.#tellEnd(stream.id);
      else this.#apply(() => this.#streams.start(stream, stream.startedAt));
    }
    const now = this.#link.clock.now();
    const missing = new Map<string, number>();
    for (const stream of this.#streams.started()) {
      if (told.has(stream.id)) continue;
      if (this.#own.has(stream.id))
        this.#send(['HSET', this.#hash, stream.id, encodeStream(stream)], `+${encodeStream(stream)}`);
      else {
        const since = this.#missing.get(stream.id) ?? now;
        if (now - since < COMPARE_MS) missing.set(stream.id, since);
        else this.#apply(() => this.#streams.end(stream.id, 'ended_elsewhere'));
      }
    }
    this.#missing = missing;
  }

  #scheduleComparison(): void {
    this.#cancelComparison = this.#link.clock.after(COMPARE_MS, () => {
      void this.#compare().finally(() => {
        if (!this.#closed) this.#scheduleComparison();
      });
    });
  }
}
