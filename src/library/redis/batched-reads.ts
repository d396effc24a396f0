import type { RedisReply } from './connection.ts';
import type { RedisLink } from './link.ts';

/** Keys of one MGET at most: Redis executes nothing else meanwhile, and replies with all values at once. */
const MAX_KEYS = 64;

/** The reply to a read: the values of the common key and of the key that was read, of the same moment. */
export interface BatchedRead {
  readonly common: RedisReply | undefined;
  readonly value: RedisReply | undefined;
}

interface Batch {
  readonly keys: string[];
  readonly replies: PromiseWithResolvers<BatchedRead>[];
}

/**
 * Reads keys together with one that they have in common, such as the generation of their namespace. Reads of the same
 * turn of the event loop share one MGET. It is sent after each of them was called, so its reply is never older than the
 * caller expects.
 */
export class BatchedReads {
  readonly #commonKey: string;
  readonly #send: RedisLink['send'];
  #batch: Batch | undefined;

  constructor(commonKey: string, send: RedisLink['send']) {
    this.#commonKey = commonKey;
    this.#send = send;
  }

  /**
   * Reads a key.
   * @throws the errors of `send`
   */
  read(key: string): Promise<BatchedRead> {
    const reply = Promise.withResolvers<BatchedRead>();
    this.#batch ??= this.#startBatch();
    const { keys, replies } = this.#batch;
    keys.push(key);
    if (replies.push(reply) === MAX_KEYS) this.#batch = undefined;
    return reply.promise;
  }

  #startBatch(): Batch {
    const batch: Batch = { keys: [], replies: [] };
    // Runs after the promise callbacks that are ready, which may read further keys.
    process.nextTick(() => this.#sendBatch(batch));
    return batch;
  }

  #sendBatch(batch: Batch): void {
    if (this.#batch === batch) this.#batch = undefined;
    const { keys, replies } = batch;
    this.#send(['MGET', this.#commonKey, ...keys], keys.length).then(
      (reply) => {
        const [common, ...values] = Array.isArray(reply) ? reply : [];
        for (const [index, { resolve }] of replies.entries()) resolve({ common, value: values[index] });
      },
      (error) => {
        for (const { reject } of replies) reject(error);
      },
    );
  }
}
