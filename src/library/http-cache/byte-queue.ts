import type { HeaderFields } from './headers.ts';

/** Buffered bytes from which the queue counts as full. */
const HIGH_WATER_MARK_BYTES = 64 * 1024;

/** What a {@link ByteQueue} reports to its producer. */
export interface ByteQueueListener {
  /** Called when a full queue has room again. */
  onDrain: () => void;
  /** Called when the reader cancels a queue that has not ended. */
  onCancel: (reason: Error) => void;
}

/** A queue of body chunks with backpressure, between one producer and one reader. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  readonly #onDrain: () => void;
  readonly #onCancel: (reason: Error) => void;
  #bufferedBytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  /** Trailer fields; set by {@link end}. */
  trailers: HeaderFields = {};

  constructor({ onDrain, onCancel }: ByteQueueListener) {
    this.#onDrain = onDrain;
    this.#onCancel = onCancel;
  }

  /** Whether the producer should pause until `onDrain`. */
  get isFull(): boolean {
    return this.#bufferedBytes >= HIGH_WATER_MARK_BYTES;
  }

  /** Appends a chunk, also to a full queue. Ignored once the queue has ended. */
  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.byteLength;
    this.#wake?.();
  }

  /** Ends the queue: once the buffered chunks are read, {@link read} resolves to undefined. */
  end(trailers: HeaderFields = {}): void {
    this.trailers = trailers;
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends the queue with an error: once the buffered chunks are read, {@link read} throws it. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  /**
   * Resolves to the next chunk, or to undefined at the end. Call it again only after it has settled.
   * @throws the error passed to {@link fail} or {@link cancel}
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        const wasFull = this.isFull;
        this.#bufferedBytes -= chunk.byteLength;
        if (wasFull && !this.isFull) this.#onDrain();
        return chunk;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Discards the buffered chunks and fails the queue with `reason`. Called by the reader. */
  cancel(reason: Error): void {
    this.#chunks.length = 0;
    if (this.#ended) return;
    this.fail(reason);
    this.#onCancel(reason);
  }
}
