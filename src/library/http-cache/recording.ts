import { ByteQueue } from './byte-queue.ts';

/**
 * Passes a response body on to a reader and collects a copy of at most `maxBytes`. The source is read at the
 * reader's pace; while other requests wait for the copy, it is read at full speed, so that a slow reader does
 * not delay them.
 */
export class Recording {
  /** The body, for the reader. */
  readonly output: ByteQueue;
  /** The complete body; undefined if it exceeds `maxBytes`. Rejects if the body ends prematurely. */
  readonly copy: Promise<Uint8Array | undefined>;
  readonly #source: ByteQueue;
  readonly #hasWaiters: () => boolean;
  #chunks: Uint8Array[] | undefined = [];
  #readerLeft = false;
  #wake: (() => void) | undefined;

  /** @param hasWaiters whether other requests wait for the copy */
  constructor(source: ByteQueue, maxBytes: number, hasWaiters: () => boolean) {
    this.#source = source;
    this.#hasWaiters = hasWaiters;
    this.output = new ByteQueue({
      onDrain: () => this.#wake?.(),
      onCancel: (reason) => {
        this.#readerLeft = true;
        this.onDemandChange(reason);
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    this.copy = promise;
    // The copy may have no consumer; its failure must not be an unhandled rejection then.
    promise.catch(() => {});
    this.#run(maxBytes, resolve).catch((error: Error) => {
      this.output.fail(error);
      reject(error);
    });
  }

  /** Call when a waiter joins or leaves. Cancels the source with `reason` if nothing needs the body. */
  onDemandChange(reason: Error): void {
    if (this.#readerLeft && !this.#isCopyNeeded()) this.#source.cancel(reason);
    this.#wake?.();
  }

  async #run(maxBytes: number, resolve: (copy: Uint8Array | undefined) => void): Promise<void> {
    let bytes = 0;
    for (let chunk = await this.#source.read(); chunk; chunk = await this.#source.read()) {
      bytes += chunk.byteLength;
      this.#chunks?.push(chunk);
      if (bytes > maxBytes && this.#chunks) {
        this.#chunks = undefined;
        resolve(undefined);
        this.onDemandChange(new Error('the response body is too large to store and has no reader'));
      }
      if (!this.#readerLeft) this.output.push(chunk);
      while (this.output.isFull && !this.#readerLeft && !this.#isCopyNeeded()) await this.#woken();
    }
    // The copy resolves first: a reader that repeats its request at the end of the body finds it stored.
    if (this.#chunks) resolve(Buffer.concat(this.#chunks));
    await undefined;
    this.output.end(this.#source.trailers);
  }

  #isCopyNeeded(): boolean {
    return this.#chunks !== undefined && this.#hasWaiters();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
