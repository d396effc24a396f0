import type { HeaderFields } from './headers.ts';

/** How much may wait to be read before whoever fills the queue is told to pause. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Bytes on their way from one who is told to pause and go on, to one who reads when he likes. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  readonly #onRoom: () => void;
  readonly #onCancel: (reason: Error) => void;
  #waiting = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  trailers: HeaderFields = {};

  constructor({ onRoom, onCancel }: { onRoom: () => void; onCancel: (reason: Error) => void }) {
    this.#onRoom = onRoom;
    this.#onCancel = onCancel;
  }

  get isFull(): boolean {
    return this.#waiting >= HIGH_WATER_BYTES;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#waiting += chunk.byteLength;
    this.#wake?.();
  }

  end(trailers: HeaderFields = {}): void {
    this.trailers = trailers;
    this.#ended = true;
    this.#wake?.();
  }

  /** What is in the queue can still be read; then reading throws. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  /**
   * The next chunk, or undefined at the end. One reader at a time.
   * @throws the error that the queue was failed with
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        const wasFull = this.isFull;
        this.#waiting -= chunk.byteLength;
        if (wasFull && !this.isFull) this.#onRoom();
        return chunk;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Nobody will read on. */
  cancel(reason: Error): void {
    this.#chunks.length = 0;
    if (this.#ended) return;
    this.fail(reason);
    this.#onCancel(reason);
  }
}
