import type { RedisLink } from '../../library/redis/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { readOrReset } from '../redis/read-or-reset.ts';
import type { Stream, Streams } from '../streams/streams.ts';
import { decodeStream, encodeStream } from './stream-record.ts';

const SYNC_INTERVAL_MS = 10_000;

/**
 * Deletes the record of a stream unless it is that of a later start.
 * KEYS: hash. ARGV: id, start time in milliseconds since the epoch.
 */
const DELETE_UNLESS_LATER = `
local record = redis.call('HGET', KEYS[1], ARGV[1])
if not record then return 0 end
local readable, stream = pcall(cjson.decode, record)
local startedAt = readable and type(stream) == 'table' and tonumber(stream.startedAt)
if startedAt and startedAt > tonumber(ARGV[2]) then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`;

/** Options of a {@link StreamExchange}. */
export interface StreamExchangeOptions {
  /** Connection to the Redis that the orchestrators share. */
  link: RedisLink;
  /** Source of the events of local streams. */
  bus: EventBus;
  /** The streams of this orchestrator. Those of others are added to them. */
  streams: Streams;
  /** Called when a synchronization fails while Redis is connected. */
  onError: (error: unknown) => void;
}

/**
 * Shares the streams that clients report to one orchestrator with all orchestrators over the same Redis: an
 * engine that plays a stream of another orchestrator must not count as idle. Starts and ends are published at
 * once. A periodic synchronization with a hash in Redis repairs what was missed while Redis was disconnected
 * or lost its data.
 */
export class StreamExchange {
  readonly #link: RedisLink;
  readonly #bus: EventBus;
  readonly #streams: Streams;
  readonly #hash: string;
  readonly #channel: string;
  readonly #sync: SerialTask;
  /**
   * Ids of streams that were reported to this orchestrator, in this run or an earlier one. It republishes
   * them.
   */
  readonly #own = new Set<string>();
  /**
   * By id, when a stream of another orchestrator was first missing from the hash. Redis may have lost its
   * data, so the stream ends only after its own orchestrator has had the time to synchronize and publish it
   * again.
   */
  #missingSince = new Map<string, number>();
  /**
   * Since when every start and end is received, in milliseconds of the clock; undefined while not subscribed.
   */
  #subscribedSince: number | undefined;
  /** Set while a change of another orchestrator is applied: its events must not be published again. */
  #applying = false;
  #subscription: RedisLink | undefined;
  #unsubscribe = () => {};

  constructor({ link, bus, streams, onError }: StreamExchangeOptions) {
    this.#link = link;
    this.#bus = bus;
    this.#streams = streams;
    this.#hash = `${link.prefix}:{streams}:started`;
    this.#channel = `${link.prefix}:{streams}:changes`;
    const synchronize = (signal: AbortSignal) => this.#synchronize(signal).catch(onError);
    this.#sync = new SerialTask(synchronize, { clock: link.clock, intervalMs: SYNC_INTERVAL_MS });
  }

  /** Begins to publish and to receive. */
  start(): void {
    this.#adoptStarted();
    this.#unsubscribe = this.#bus.subscribe((event) => this.#onEvent(event));
    this.#subscription = this.#link.subscribe({
      channel: this.#channel,
      onMessage: (message) => this.#onMessage(message),
    });
    this.#subscription.onConnected(() => {
      this.#subscribedSince = this.#link.clock.now();
      // Messages from before the subscription were not received.
      this.#sync.trigger();
    });
    this.#subscription.onDisconnected(() => {
      this.#subscribedSince = undefined;
    });
    this.#sync.schedule(SYNC_INTERVAL_MS);
  }

  /**
   * Whether the streams of all orchestrators are known here. False until one synchronization interval after
   * the subscription: orchestrators that lost Redis together reconnect one by one, and each publishes its
   * streams then.
   */
  get isComplete(): boolean {
    return (
      this.#subscribedSince !== undefined &&
      this.#link.clock.now() - this.#subscribedSince >= SYNC_INTERVAL_MS
    );
  }

  /** Ends publishing and receiving. The link stays open. */
  close(): void {
    this.#unsubscribe();
    this.#sync.stop();
    this.#subscription?.close();
  }

  #onEvent(event: DomainEvent): void {
    if (event.type === 'stream_ended') this.#own.delete(event.streamId);
    if (this.#applying) return;
    if (event.type === 'stream_started') {
      const stream = this.#streams.get(event.streamId);
      if (!stream) return;
      this.#own.add(stream.id);
      this.#publishStart(stream);
    } else if (event.type === 'stream_ended') {
      const stream = this.#streams.get(event.streamId);
      if (stream) this.#publishEnd(stream);
    } else if (event.type === 'streams_restored') {
      this.#adoptStarted();
      this.#sync.trigger();
    }
  }

  #adoptStarted(): void {
    for (const { id } of this.#streams.started()) this.#own.add(id);
  }

  #publishStart(stream: Stream): void {
    const record = encodeStream(stream);
    this.#publish(['HSET', this.#hash, stream.id, record], `+${record}`);
  }

  /** With the start time: a late end must not end a new start of the same id. */
  #publishEnd({ id, startedAt }: Stream): void {
    const remove = ['EVAL', DELETE_UNLESS_LATER, '1', this.#hash, id, String(startedAt)];
    this.#publish(remove, `-${startedAt} ${id}`);
  }

  /** Failures are ignored: the next synchronization publishes the change again. */
  #publish(change: string[], message: string): void {
    for (const command of [change, ['PUBLISH', this.#channel, message]])
      this.#link.send(command).catch(() => {});
  }

  /** A process also receives its own messages, which change nothing. */
  #onMessage(message: string): void {
    const payload = message.slice(1);
    if (message.startsWith('-')) this.#onEnd(payload);
    const stream = message.startsWith('+') ? decodeStream(payload) : null;
    if (stream) this.#onStart(stream);
  }

  #onEnd(payload: string): void {
    const [, startedAt, id = ''] = /^(\d+) (.+)$/s.exec(payload) ?? [];
    const known = this.#streams.get(id);
    if (known && known.startedAt <= Number(startedAt))
      this.#apply(() => this.#streams.end(id, 'ended_elsewhere'));
  }

  #onStart(stream: Stream): void {
    const known = this.#streams.get(stream.id);
    // An orchestrator that missed the end publishes the same start again.
    if (known && known.endedAt !== null && known.startedAt >= stream.startedAt) {
      this.#publishEnd(known);
      return;
    }
    this.#apply(() => {
      // The end of the former start was missed, or the stream was reported to two orchestrators at once. All of
      // them keep the later start, so that its end is the end for all of them.
      if (known && known.startedAt < stream.startedAt) this.#streams.end(stream.id, 'ended_elsewhere');
      this.#streams.start(stream, stream.startedAt);
    });
  }

  #apply(change: () => void): void {
    this.#applying = true;
    try {
      change();
    } finally {
      this.#applying = false;
    }
  }

  async #synchronize(signal: AbortSignal): Promise<void> {
    if (this.#link.state !== 'connected') return;
    const published = await this.#readPublished();
    if (!signal.aborted) this.#reconcile(published);
  }

  async #readPublished(): Promise<Map<string, Stream>> {
    const reply = await readOrReset(this.#link, ['HVALS', this.#hash]);
    const records = Array.isArray(reply) ? reply.map(String) : [];
    const streams = records.map(decodeStream).filter((stream) => stream !== null);
    return new Map(streams.map((stream) => [stream.id, stream]));
  }

  #reconcile(published: ReadonlyMap<string, Stream>): void {
    for (const stream of published.values()) this.#onStart(stream);
    const now = this.#link.clock.now();
    const missingSince = new Map<string, number>();
    for (const stream of this.#streams.started()) {
      if (published.has(stream.id)) continue;
      if (this.#own.has(stream.id)) {
        this.#publishStart(stream);
      } else {
        const since = this.#missingSince.get(stream.id) ?? now;
        if (now - since < SYNC_INTERVAL_MS) missingSince.set(stream.id, since);
        else this.#apply(() => this.#streams.end(stream.id, 'ended_elsewhere'));
      }
    }
    this.#missingSince = missingSince;
  }
}
