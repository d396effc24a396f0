import { createClient, ErrorReply, RESP_TYPES, type RedisArgument } from '@redis/client';
import type { Clock } from '../cache/index.ts';
import { RedisTimeoutError } from './errors.ts';

/** What Redis may answer to a command of ours; blobs come as bytes. */
export type RedisReply = Buffer | string | number | null | RedisReply[];
export type CommandArgument = RedisArgument;

/** Channel and handler of a connection that listens; such a one still takes commands (RESP 3). */
export interface Subscription {
  readonly channel: string;
  readonly onMessage: (message: string) => void;
}

const BYTES = { [RESP_TYPES.BLOB_STRING]: Buffer };

/** Replies of a server that is there but cannot serve: still reading its data, or no longer the primary. */
const UNUSABLE = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE|BUSY)\b/;

/** True for an answer to the command at hand, if only a refusal: the server is well. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && !UNUSABLE.test(error.message);
}

/**
 * One connection, from its attempt to its end. It is never mended: whoever needs another makes another, so
 * that no state and no queue of commands outlives a fault. The client's own reconnection is off for that
 * reason, and because its timers would keep a process from ending.
 */
export class Connection {
  readonly #client: ReturnType<typeof createPlainClient>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #ended = false;
  readonly #onEnd: (cause: unknown) => void;

  constructor(parts: {
    url: string;
    keepAlive: boolean;
    connectTimeoutMs: number;
    commandTimeoutMs: number;
    clock: Clock;
    /** Called once, however the connection ends, unless it is closed from here. */
    onEnd: (cause: unknown) => void;
  }) {
    this.#clock = parts.clock;
    this.#timeoutMs = parts.commandTimeoutMs;
    this.#onEnd = parts.onEnd;
    this.#client = createPlainClient(parts.url, parts);
    // Without a listener an error of the socket would end the process.
    this.#client.on('error', (error) => this.#end(error));
  }

  /** Connects, subscribes, and makes sure that Redis answers; all of it within the deadlines. */
  async open(connectTimeoutMs: number, subscription?: Subscription): Promise<void> {
    const connected = this.#client.connect();
    // The client does not close a socket that it gets after its end.
    connected.then(() => this.#ended && this.#client.destroy()).catch(() => {});
    await this.#within(connected, 'connect', connectTimeoutMs);
    if (subscription) {
      const subscribed = this.#client.subscribe(subscription.channel, subscription.onMessage);
      await this.#within(subscribed, 'SUBSCRIBE', this.#timeoutMs);
    }
    await this.send(['PING']);
    if (this.#ended) throw new Error('closed meanwhile');
  }

  /** @throws RedisTimeoutError, ErrorReply, or the client's error where the connection has ended. */
  send(args: readonly CommandArgument[]): Promise<RedisReply> {
    const reply = this.#client.sendCommand<RedisReply>(args, { typeMapping: BYTES });
    return this.#within(reply, String(args[0]), this.#timeoutMs);
  }

  close(): void {
    this.#ended = true;
    this.#client.destroy();
  }

  #end(cause: unknown): void {
    if (this.#ended) return;
    this.close();
    this.#onEnd(cause);
  }

  /** The client's own timeouts end once a command is written, which is where waiting begins. */
  #within<T>(reply: Promise<T>, command: string, timeoutMs: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const cancel = this.#clock.after(timeoutMs, () => {
      // After a stall of this process the reply may have come already: it is read before this runs.
      setImmediate(() => reject(new RedisTimeoutError(command, timeoutMs)));
    });
    reply.then(resolve, reject).finally(cancel);
    return promise;
  }
}

function createPlainClient(url: string, socket: { keepAlive: boolean; connectTimeoutMs: number }) {
  return createClient({
    url,
    socket: {
      reconnectStrategy: false,
      connectTimeout: socket.connectTimeoutMs,
      keepAlive: socket.keepAlive,
    },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  });
}
