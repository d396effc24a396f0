import type { RedisReply } from './connection.ts';
import type { RedisLink } from './link.ts';

/** Keys of one MGET at most: Redis executes nothing else meanwhile, and replies with all values at once. */
const MAX_KEYS = 64;

/** Options of {@link BatchedReads}. */
export interface BatchedReadsOptions<T> {
  /** The key that is read together with each of the others. */
  readonly commonKey: string;
  send: RedisLink['send'];
  /** Returns the key in Redis. */
  toRedisKey: (key: string) => string;
  /** Returns the result of a read. `common` and `value` are those of the same moment. */
  onReply: (key: string, common: RedisReply | undefined, value: RedisReply | undefined) => T;
  /** Returns the result of a read whose command has failed. */
  onError: (key: string, error: unknown) => T;
}

interface BatchedRead<T> {
  readonly key: string;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads keys together with one that they have in common, such as the generation of their namespace. Reads of the same
 * turn of the event loop share one MGET. It is sent after each of them was called, so its reply is never older than the
 * caller expects.
 */
export class BatchedReads<T> {
  readonly #options: BatchedReadsOptions<T>;
  #batch: BatchedRead<T>[] | undefined;

  constructor(options: BatchedReadsOptions<T>) {
    this.#options = options;
  }

  /**
   * Reads a key.
   * @throws an error that `onReply` or `onError` throws
   */
  read(key: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#batch ??= this.#startBatch();
      if (this.#batch.push({ key, resolve, reject }) === MAX_KEYS) this.#batch = undefined;
    });
  }

  #startBatch(): BatchedRead<T>[] {
    const batch: BatchedRead<T>[] = [];
    // Runs after the promise callbacks that are ready, which may read further keys.
    process.nextTick(() => this.#sendBatch(batch));
    return batch;
  }

  #sendBatch(batch: readonly BatchedRead<T>[]): void {
    if (this.#batch === batch) this.#batch = undefined;
    const { commonKey, toRedisKey, send, onReply, onError } = this.#options;
    const command = ['MGET', commonKey];
    for (const { key } of batch) command.push(toRedisKey(key));
    send(command, batch.length).then(
      (reply) => {
        const values = Array.isArray(reply) ? reply : [];
        settle(batch, (key, index) => onReply(key, values[0], values[index + 1]));
      },
      (error) => settle(batch, (key) => onError(key, error)),
    );
  }
}

function settle<T>(batch: readonly BatchedRead<T>[], resultOf: (key: string, index: number) => T): void {
  for (const [index, { key, resolve, reject }] of batch.entries()) {
    try {
      resolve(resultOf(key, index));
    } catch (error) {
      reject(error);
    }
  }
}
