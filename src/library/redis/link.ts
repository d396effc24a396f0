import { type Clock, createSystemClock } from '../cache/index.ts';
import { backoffMs } from './backoff.ts';
import {
  type CommandArgument,
  Connection,
  isCommandError,
  type RedisReply,
  type Subscription,
} from './connection.ts';
import { RedisTimeoutError, RedisUnavailableError } from './errors.ts';
import { type RedisClientLike, type ServerOptions, serverOptions } from './server-options.ts';

/** Options of a {@link RedisLink}. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss://…` or `unix:///path`. Required without `client`. */
  url?: string;
  /**
   * A client whose address, TLS settings and credentials the link uses instead of `url`. The link opens a connection of
   * its own, because it replaces it after failures, and neither uses nor closes that of the client.
   */
  client?: RedisClientLike;
  /** First part of every key and channel. Default `roundhouse`. */
  prefix?: string;
  /** Timeout of a command, in milliseconds. Default 500. */
  commandTimeoutMs?: number;
  /**
   * How long a read of a cache waits for Redis, in milliseconds. Then the value is read from its source, and so are
   * others at once, until Redis replies again. The connection is replaced only after `commandTimeoutMs`. Default
   * `commandTimeoutMs`.
   */
  readTimeoutMs?: number;
  /** Timeout of an attempt to connect, in milliseconds. Default 2000. */
  connectTimeoutMs?: number;
  /** Whether TCP keep-alive is enabled. Default true. */
  keepAlive?: boolean;
  /** Number of consecutive commands that fail or time out after which the connection is replaced. Default 3. */
  failureThreshold?: number;
  /**
   * Interval between PINGs, in milliseconds; they detect a connection that died without being closed.
   * Default 5000; 0 disables them.
   */
  heartbeatMs?: number;
  /** Source of time. Default: the process's monotonic clock. */
  clock?: Clock;
  /** Called at the start of each outage with its cause, also if the first attempt to connect fails. */
  onLost?: (cause: unknown) => void;
}

/**
 * State of a {@link RedisLink}: `connected`: commands are sent; `connecting`: an attempt to connect is in
 * progress; `disconnected`: waiting for the next attempt. Unless `connected`, commands fail without waiting.
 */
export type LinkState = 'connected' | 'connecting' | 'disconnected';

/**
 * A connection to Redis that is replaced when it fails.
 *
 * It is also a circuit breaker: after several failures in a row, commands fail at once until a new connection
 * has answered a PING. Attempts to connect run in the background with exponential backoff; no command of a
 * caller serves as the probe. There is no queue: a command that cannot be sent now is never sent.
 */
export class RedisLink implements Disposable {
  /** First part of every key and channel. */
  readonly prefix: string;
  /** Source of time; caches over this link use it too. */
  readonly clock: Clock;
  readonly #options: Required<Omit<RedisOptions, 'prefix' | 'clock' | 'url' | 'client'>> & {
    server: ServerOptions;
  };
  readonly #given: RedisOptions;
  readonly #subscription: Subscription | undefined;
  readonly #connectedListeners = new Set<() => void>();
  readonly #disconnectedListeners = new Set<() => void>();
  #connection: Connection | undefined;
  #connected = false;
  /** Failed attempts to connect since the link was last connected. */
  #attempts = 0;
  /** Consecutive commands that failed on this connection. */
  #failures = 0;
  /** Whether a read has exceeded `readTimeoutMs` since the last reply. */
  #stalled = false;
  /** Whether the current outage has been reported. */
  #outageReported = false;
  #cancelTimer = () => {};
  #closed = false;

  /**
   * Starts to connect in the background. Never throws because Redis is unavailable.
   * @throws TypeError unless the options have a `url` or a `client`
   */
  constructor(options: RedisOptions, subscription?: Subscription) {
    const { prefix = 'roundhouse', clock = createSystemClock(), url, client, ...given } = options;
    this.prefix = prefix;
    this.clock = clock;
    this.#options = {
      commandTimeoutMs: 500,
      connectTimeoutMs: 2000,
      keepAlive: true,
      failureThreshold: 3,
      heartbeatMs: 5000,
      onLost: () => {},
      readTimeoutMs: given.commandTimeoutMs ?? 500,
      ...given,
      server: serverOptions(url, client),
    };
    this.#given = { ...options, prefix, clock };
    this.#subscription = subscription;
    this.#connect();
  }

  /** Current state. */
  get state(): LinkState {
    if (this.#connected) return 'connected';
    return this.#connection ? 'connecting' : 'disconnected';
  }

  /**
   * Opens a second link to the same Redis that is subscribed to a channel. It is `connected` only while it is
   * subscribed. The caller closes it.
   */
  subscribe(subscription: Subscription): RedisLink {
    // This link already reports the outage.
    return new RedisLink({ ...this.#given, onLost: () => {} }, subscription);
  }

  /**
   * Adds a listener that is called each time the link becomes connected, including the first time.
   * @returns a function that removes the listener
   */
  onConnected(listener: () => void): () => void {
    this.#connectedListeners.add(listener);
    return () => this.#connectedListeners.delete(listener);
  }

  /**
   * Adds a listener that is called each time an established connection is lost.
   * @returns a function that removes the listener
   */
  onDisconnected(listener: () => void): () => void {
    this.#disconnectedListeners.add(listener);
    return () => this.#disconnectedListeners.delete(listener);
  }

  /**
   * Sends a command. Redis executes commands in the order of the calls.
   * @param weight how many commands it counts as if it fails; default 1. `failureThreshold` limits commands, and one
   *   that stands for several reads must not make the later ones wait longer
   * @throws RedisUnavailableError without waiting, unless the link is connected
   * @throws RedisTimeoutError if Redis does not reply in time
   * @throws ErrorReply of `@redis/client` if Redis replies with an error
   */
  send(args: readonly CommandArgument[], weight = 1): Promise<RedisReply> {
    const connection = this.#connection;
    if (!this.#connected || connection === undefined) return Promise.reject(new RedisUnavailableError());
    return connection.send(args).then(
      (reply) => {
        if (connection === this.#connection) {
          this.#failures = 0;
          this.#stalled = false;
        }
        return reply;
      },
      (error) => {
        this.#handleCommandError(connection, error, weight);
        throw error;
      },
    );
  }

  /**
   * Like {@link send}, for a command whose reply is not needed if it takes longer than `readTimeoutMs`. The command is not
   * cancelled. While one such command is overdue, others are not sent.
   * @throws RedisUnavailableError without waiting, if the link is not connected or Redis does not reply at present
   */
  read(args: readonly CommandArgument[], weight = 1): Promise<RedisReply> {
    const { readTimeoutMs, commandTimeoutMs } = this.#options;
    if (readTimeoutMs >= commandTimeoutMs) return this.send(args, weight);
    if (this.#stalled) return Promise.reject(new RedisUnavailableError());
    const { promise, resolve, reject } = Promise.withResolvers<RedisReply>();
    const cancel = this.clock.after(readTimeoutMs, () => {
      // After a stall of this process the reply may already be in the socket. It is read before setImmediate fires.
      setImmediate(() => reject(new RedisTimeoutError(String(args[0]), readTimeoutMs)));
    });
    this.send(args, weight).then(resolve, reject).finally(cancel);
    return promise.catch((error) => {
      if (error instanceof RedisTimeoutError) this.#stalled = true;
      throw error;
    });
  }

  /** Closes the connection for good. Commands without a reply reject; listeners are removed. */
  close(): void {
    this.#closed = true;
    this.#dropConnection();
    this.#connectedListeners.clear();
    this.#disconnectedListeners.clear();
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #handleCommandError(connection: Connection, error: unknown, weight: number): void {
    if (connection !== this.#connection) return;
    if (isCommandError(error)) {
      this.#failures = 0;
      return;
    }
    this.#failures += weight;
    if (this.#failures >= this.#options.failureThreshold) this.#handleLoss(connection, error);
  }

  #connect(): void {
    const connection: Connection = new Connection({
      ...this.#options,
      clock: this.clock,
      onEnd: (cause) => this.#handleLoss(connection, cause),
    });
    this.#connection = connection;
    connection.open(this.#subscription).then(
      () => this.#handleOpen(connection),
      (error) => this.#handleLoss(connection, error),
    );
  }

  #handleOpen(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connected = true;
    this.#outageReported = false;
    this.#attempts = 0;
    this.#failures = 0;
    this.#stalled = false;
    this.#scheduleHeartbeat(connection);
    for (const listener of this.#connectedListeners) listener();
  }

  /** One PING without a reply is enough to replace the connection. */
  #scheduleHeartbeat(connection: Connection): void {
    if (this.#options.heartbeatMs === 0) return;
    this.#cancelTimer = this.clock.after(this.#options.heartbeatMs, () => {
      connection.send(['PING']).then(
        () => connection === this.#connection && this.#scheduleHeartbeat(connection),
        (error) => this.#handleLoss(connection, error),
      );
    });
  }

  /** Schedules the next attempt to connect, and reports the first failure of an outage. */
  #handleLoss(connection: Connection, cause: unknown): void {
    if (connection !== this.#connection || this.#closed) return;
    const wasConnected = this.#connected;
    this.#dropConnection();
    this.#cancelTimer = this.clock.after(backoffMs(this.#attempts), () => this.#connect());
    this.#attempts += 1;
    if (!this.#outageReported) {
      this.#outageReported = true;
      this.#options.onLost(cause);
    }
    if (wasConnected) for (const listener of this.#disconnectedListeners) listener();
  }

  #dropConnection(): void {
    this.#cancelTimer();
    this.#connected = false;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }
}
