import { type Clock, createSystemClock } from '../cache/index.ts';
import { backoffMs } from './backoff.ts';
import {
  type CommandArgument,
  Connection,
  isRefusal,
  type RedisReply,
  type Subscription,
} from './connection.ts';
import { RedisAwayError } from './errors.ts';

/** Where Redis is, and how long it may take. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss://…` or `unix:///path`. */
  url: string;
  /** First part of every key and channel. Default `roundhouse`. */
  prefix?: string;
  /** Deadline of a command, in milliseconds. Default 500. */
  commandTimeoutMs?: number;
  /** Deadline of an attempt to connect, in milliseconds. Default 2000. */
  connectTimeoutMs?: number;
  /** Whether TCP keeps idle connections alive. Default true. */
  keepAlive?: boolean;
  /** So many commands in a row that fail or pass their deadline open the breaker. Default 3. */
  failureThreshold?: number;
  /**
   * How often Redis is asked whether it is there, in milliseconds: what finds a connection that has gone dead
   * without a word. Default 5000; 0: never.
   */
  heartbeatMs?: number;
  /** Where time comes from. Default: the process's monotonic clock. */
  clock?: Clock;
  /** Called as Redis is lost, with the cause; once per outage. */
  onLost?: (cause: unknown) => void;
}

/** `closed`: commands are sent. `open`: they fail at once. `half_open`: they still do, while a probe is under way. */
export type LinkState = 'closed' | 'open' | 'half_open';

/**
 * The way to Redis: one connection, replaced when it fails. It is its own circuit breaker. Unlike the one
 * in front of provisioning, where the next attempt is the probe, here nobody's command is: a probe is a new
 * connection and a PING in the background, at growing intervals, and until it succeeds all commands fail
 * at once. There is no queue: what is not sent now is not sent.
 */
export class RedisLink implements Disposable {
  readonly prefix: string;
  readonly clock: Clock;
  readonly #options: Required<Omit<RedisOptions, 'prefix' | 'clock'>>;
  readonly #subscription: Subscription | undefined;
  readonly #onUp = new Set<() => void>();
  readonly #onDown = new Set<() => void>();
  #connection: Connection | undefined;
  #up = false;
  #attempt = 0;
  #failures = 0;
  #outage = false;
  #cancelTimer = () => {};
  #closed = false;

  /** Connects in the background; nothing waits for it. */
  constructor(options: RedisOptions, subscription?: Subscription) {
    const { prefix = 'roundhouse', clock = createSystemClock(), ...given } = options;
    this.prefix = prefix;
    this.clock = clock;
    this.#options = {
      commandTimeoutMs: 500,
      connectTimeoutMs: 2000,
      keepAlive: true,
      failureThreshold: 3,
      heartbeatMs: 5000,
      onLost: () => {},
      ...given,
    };
    this.#subscription = subscription;
    this.#probe();
  }

  get state(): LinkState {
    if (this.#up) return 'closed';
    return this.#connection ? 'half_open' : 'open';
  }

  get commandTimeoutMs(): number {
    return this.#options.commandTimeoutMs;
  }

  /** A link of its own to the same Redis that listens on a channel. It is up only while it is subscribed. */
  subscribe(subscription: Subscription): RedisLink {
    // The outage is this link's to tell; two would tell it twice.
    const options = { ...this.#options, onLost: () => {}, prefix: this.prefix, clock: this.clock };
    return new RedisLink(options, subscription);
  }

  /** Calls back whenever Redis has come, also for the first time. @returns what ends that. */
  onUp(listener: () => void): () => void {
    this.#onUp.add(listener);
    return () => this.#onUp.delete(listener);
  }

  onDown(listener: () => void): () => void {
    this.#onDown.add(listener);
    return () => this.#onDown.delete(listener);
  }

  /**
   * Sends a command. Commands are carried out in the order in which they were sent.
   * @throws RedisAwayError at once while Redis is away; RedisTimeoutError; ErrorReply.
   */
  async send(args: readonly CommandArgument[]): Promise<RedisReply> {
    const connection = this.#connection;
    if (!this.#up || connection === undefined) throw new RedisAwayError();
    try {
      const reply = await connection.send(args);
      if (connection === this.#connection) this.#failures = 0;
      return reply;
    } catch (error) {
      this.#failed(connection, error);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#drop();
    this.#onUp.clear();
    this.#onDown.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #failed(connection: Connection, error: unknown): void {
    if (connection !== this.#connection) return;
    if (isRefusal(error)) {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    if (this.#failures >= this.#options.failureThreshold) this.#lost(connection, error);
  }

  #probe(): void {
    const { url, keepAlive, connectTimeoutMs, commandTimeoutMs } = this.#options;
    const connection: Connection = new Connection({
      url,
      keepAlive,
      connectTimeoutMs,
      commandTimeoutMs,
      clock: this.clock,
      onEnd: (cause) => this.#lost(connection, cause),
    });
    this.#connection = connection;
    connection.open(connectTimeoutMs, this.#subscription).then(
      () => this.#opened(connection),
      (error) => this.#lost(connection, error),
    );
  }

  #opened(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#up = true;
    this.#outage = false;
    this.#attempt = 0;
    this.#failures = 0;
    this.#beat(connection);
    for (const listener of this.#onUp) listener();
  }

  /** One unanswered heartbeat is enough: a connection through which nothing comes is of no use. */
  #beat(connection: Connection): void {
    if (this.#options.heartbeatMs === 0) return;
    this.#cancelTimer = this.clock.after(this.#options.heartbeatMs, () => {
      connection.send(['PING']).then(
        () => connection === this.#connection && this.#beat(connection),
        (error) => this.#lost(connection, error),
      );
    });
  }

  #lost(connection: Connection, cause: unknown): void {
    if (connection !== this.#connection || this.#closed) return;
    const wasUp = this.#up;
    this.#drop();
    this.#cancelTimer = this.clock.after(backoffMs(this.#attempt), () => this.#probe());
    this.#attempt += 1;
    if (!this.#outage) {
      this.#outage = true;
      this.#options.onLost(cause);
    }
    if (wasUp) for (const listener of this.#onDown) listener();
  }

  #drop(): void {
    this.#cancelTimer();
    this.#up = false;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }
}
