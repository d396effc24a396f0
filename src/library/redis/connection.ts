import { createRequire } from 'node:module';
import type { RedisArgument } from '@redis/client';
import type { Clock } from '../cache/index.ts';
import { RedisTimeoutError } from './errors.ts';
import { ReplyDeadlines } from './reply-deadlines.ts';
import type { ServerOptions } from './server-options.ts';

/** A reply of Redis to one of the commands used here. Bulk strings are Buffers. */
export type RedisReply = Buffer | string | number | null | RedisReply[];

/** One argument of a command: text or bytes. */
export type CommandArgument = RedisArgument;

/** Makes a connection a subscriber. It can still send commands (RESP 3). */
export interface Subscription {
  readonly channel: string;
  /** Called for each message published to `channel`. */
  readonly onMessage: (message: string) => void;
}

const require = createRequire(import.meta.url);
/** Loaded for the first connection, since a service without Redis does not need its hundreds of modules. */
const redisClient = () => require('@redis/client') as typeof import('@redis/client');

/** Error replies of a server that is reachable but cannot serve: still loading its data, or no longer the primary. */
const UNUSABLE = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE|BUSY)\b/;

/** Whether an error concerns only the command that was sent. The server itself is usable. */
export function isCommandError(error: unknown): boolean {
  return error instanceof redisClient().ErrorReply && !UNUSABLE.test(error.message);
}

/** Options of a {@link Connection}. */
export interface ConnectionOptions {
  server: ServerOptions;
  keepAlive: boolean;
  connectTimeoutMs: number;
  commandTimeoutMs: number;
  clock: Clock;
  /** Called once when the connection ends, unless {@link Connection.close} ended it. */
  onEnd: (cause: unknown) => void;
}

/**
 * One connection, from the attempt to connect until it ends. It is never reused after a failure: its owner
 * creates another one, so that no state and no queued command survives. The client's own reconnection is
 * disabled for the same reason, and because its timers would keep the process alive.
 */
export class Connection {
  readonly #client: ReturnType<typeof createPlainClient>;
  /** Bulk strings as Buffers. */
  readonly #commandOptions = { typeMapping: { [redisClient().RESP_TYPES.BLOB_STRING]: Buffer } };
  readonly #clock: Clock;
  readonly #connectTimeoutMs: number;
  readonly #commandTimeoutMs: number;
  readonly #onEnd: (cause: unknown) => void;
  readonly #deadlines: ReplyDeadlines;
  #ended = false;

  constructor(options: ConnectionOptions) {
    this.#clock = options.clock;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    this.#commandTimeoutMs = options.commandTimeoutMs;
    this.#onEnd = options.onEnd;
    this.#deadlines = new ReplyDeadlines(options.clock, options.commandTimeoutMs);
    this.#client = createPlainClient(options);
    // Without a listener, an error of the socket would end the process.
    this.#client.on('error', (error) => this.#end(error));
  }

  /**
   * Connects, subscribes if there is a subscription, and waits for the reply to a PING.
   * @throws RedisTimeoutError, ErrorReply, or the client's error
   */
  async open(subscription?: Subscription): Promise<void> {
    const connected = this.#client.connect();
    // The client does not close a socket that connects after `destroy()`.
    connected.then(() => this.#ended && this.#client.destroy()).catch(() => {});
    await this.#withTimeout(connected, 'connect', this.#connectTimeoutMs);
    if (subscription) {
      const subscribed = this.#client.subscribe(subscription.channel, subscription.onMessage);
      await this.#withTimeout(subscribed, 'SUBSCRIBE', this.#commandTimeoutMs);
    }
    await this.send(['PING']);
    if (this.#ended) throw new Error('the connection was closed while it was being opened');
  }

  /**
   * Sends a command.
   * @throws RedisTimeoutError, ErrorReply, or the client's error if the connection has ended
   */
  send(args: readonly CommandArgument[]): Promise<RedisReply> {
    const { promise, resolve, reject } = Promise.withResolvers<RedisReply>();
    const replied = this.#deadlines.add(() => {
      reject(new RedisTimeoutError(String(args[0]), this.#commandTimeoutMs));
    });
    this.#client.sendCommand<RedisReply>(args, this.#commandOptions).then(
      (reply) => {
        replied();
        resolve(reply);
      },
      (error) => {
        replied();
        reject(error);
      },
    );
    return promise;
  }

  /** Ends the connection. Commands without a reply reject. */
  close(): void {
    this.#ended = true;
    this.#deadlines.close();
    this.#client.destroy();
  }

  #end(cause: unknown): void {
    if (this.#ended) return;
    this.close();
    this.#onEnd(cause);
  }

  /** The client's own timeouts apply only until a command is written, not to the wait for its reply. */
  #withTimeout<T>(reply: Promise<T>, command: string, timeoutMs: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const cancel = this.#clock.after(timeoutMs, () => {
      // After a stall of this process the reply may already be in the socket. It is read before setImmediate fires.
      setImmediate(() => reject(new RedisTimeoutError(command, timeoutMs)));
    });
    reply.then(resolve, reject).finally(cancel);
    return promise;
  }
}

function createPlainClient(options: Pick<ConnectionOptions, 'server' | 'keepAlive' | 'connectTimeoutMs'>) {
  // The type of the options has one variant for each kind of socket. These apply to all of them.
  const socket = {
    ...options.server.socket,
    reconnectStrategy: false,
    connectTimeout: options.connectTimeoutMs,
    keepAlive: options.keepAlive,
  } as NonNullable<ServerOptions['socket']>;
  return redisClient().createClient({
    ...options.server,
    socket,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  });
}
