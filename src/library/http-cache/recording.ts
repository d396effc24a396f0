import { ByteQueue } from './byte-queue.ts';

/**
 * Passes a body on and keeps a copy, up to a size. It is read as fast as its reader takes it, or, while
 * others wait for the copy, as fast as it comes: they must not wait for a reader who takes his time.
 */
export class Recording {
  /** The body for its reader. */
  readonly passed: ByteQueue;
  /** The whole body; undefined if it is larger than may be kept. Rejects if it was never complete. */
  readonly copy: Promise<Uint8Array | undefined>;
  readonly #source: ByteQueue;
  readonly #isAwaited: () => boolean;
  #kept: Uint8Array[] | undefined = [];
  #readerGone = false;
  #wake: (() => void) | undefined;

  constructor(source: ByteQueue, maxBytes: number, isAwaited: () => boolean) {
    this.#source = source;
    this.#isAwaited = isAwaited;
    this.passed = new ByteQueue({
      onRoom: () => this.#wake?.(),
      onCancel: (reason) => {
        this.#readerGone = true;
        this.reconsider(reason);
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    this.copy = promise;
    // Who has no use for the copy need not look at its failure.
    promise.catch(() => {});
    this.#run(maxBytes, resolve).catch((error: Error) => {
      this.passed.fail(error);
      reject(error);
    });
  }

  /** To be called when somebody began or ceased to wait for the copy. */
  reconsider(reason: Error): void {
    if (this.#readerGone && !this.#isNeeded()) this.#source.cancel(reason);
    this.#wake?.();
  }

  async #run(maxBytes: number, resolve: (copy: Uint8Array | undefined) => void): Promise<void> {
    let bytes = 0;
    for (let chunk = await this.#source.read(); chunk; chunk = await this.#source.read()) {
      bytes += chunk.byteLength;
      this.#kept?.push(chunk);
      if (bytes > maxBytes && this.#kept) {
        this.#kept = undefined;
        resolve(undefined);
        this.reconsider(new Error('the body is too large to be kept, and nobody reads it'));
      }
      if (!this.#readerGone) this.passed.push(chunk);
      while (this.passed.isFull && !this.#readerGone && !this.#isNeeded()) await this.#change();
    }
    // The copy is handed over first: who reads the end and asks again finds it.
    if (this.#kept) resolve(Buffer.concat(this.#kept));
    await undefined;
    this.passed.end(this.#source.trailers);
  }

  #isNeeded(): boolean {
    return this.#kept !== undefined && this.#isAwaited();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
