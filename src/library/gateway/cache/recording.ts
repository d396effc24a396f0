import { Readable } from 'node:stream';
import type { StoreWriter } from './store.ts';

/** How much of a body waits for a slow browser in memory, if other requests wait for the copy. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
/** How much of a body waits for a slow store in memory. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;

/** What a {@link Recording} works with. */
export interface RecordingOptions {
  /** The body, as it arrives. */
  readonly source: Readable;
  /** Undefined if the store could not start to write. */
  readonly writer: StoreWriter | undefined;
  readonly maxBytes: number;
  /** The Content-Length, if there is one. */
  readonly length: number | undefined;
  /** Whether other requests wait for the copy. */
  readonly hasWaiters: () => boolean;
  /** Called once, with the bytes received and whether the copy was stored. */
  readonly onEnd: (result: { bytes: number; stored: boolean; tooLarge: boolean }) => void;
}

/**
 * Passes a body on to the browser and writes a copy to the store. The source is read at the browser's pace,
 * unless other requests wait for the copy. If the store fails, only the copy is lost.
 */
export class Recording {
  /** The body, for the browser. */
  readonly output: Readable;
  readonly #options: RecordingOptions;
  #writer: StoreWriter | undefined;
  #unwritten = 0;
  #lastWrite: Promise<void> = Promise.resolve();
  #readerLeft = false;
  #tooLarge = false;
  #wake: (() => void) | undefined;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#writer = options.writer;
    this.output = new Readable({
      highWaterMark: 256 * 1024,
      read: () => this.#wake?.(),
      destroy: (error, callback) => {
        this.#readerLeft = true;
        this.onDemandChange();
        callback(error);
      },
    });
    // Its reader handles errors; there may be none left.
    this.output.on('error', () => {});
    void this.#run();
  }

  /** Call when a waiter has left. Ends the source if nothing needs the body. */
  onDemandChange(): void {
    if (this.#readerLeft && !this.#isCopyNeeded()) this.#options.source.destroy();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { source, onEnd } = this.#options;
    let bytes = 0;
    let stored = false;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        await this.#record(chunk, bytes);
        // Before the last byte is passed on: a browser that repeats its request then finds the copy.
        if (bytes === this.#options.length) stored = await this.#commit();
        let hasRoom = this.#readerLeft || this.output.push(chunk);
        while (!hasRoom && !this.#readerLeft && !this.#maySkipReader()) {
          await this.#woken();
          hasRoom = this.output.readableLength < this.output.readableHighWaterMark;
        }
      }
      if (source.errored || !source.readableEnded)
        throw source.errored ?? new Error('the body was cancelled');
      stored ||= await this.#commit();
      if (!this.#readerLeft) this.output.push(null);
    } catch (error) {
      void this.#abandon();
      this.output.destroy(error as Error);
    } finally {
      onEnd({ bytes, stored, tooLarge: this.#tooLarge });
    }
  }

  async #commit(): Promise<boolean> {
    await this.#lastWrite;
    const writer = this.#writer;
    this.#writer = undefined;
    return (await writer?.commit().catch(() => false)) ?? false;
  }

  async #record(chunk: Buffer, bytes: number): Promise<void> {
    if (!this.#writer) return;
    if (bytes > this.#options.maxBytes) {
      this.#tooLarge = true;
      void this.#abandon();
      return;
    }
    const writer = this.#writer;
    this.#unwritten += chunk.length;
    const written = writer.write(chunk).then(
      () => {
        this.#unwritten -= chunk.length;
      },
      () => this.#abandon(),
    );
    this.#lastWrite = written;
    if (this.#unwritten > MAX_UNWRITTEN_BYTES) await written;
  }

  async #abandon(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.onDemandChange();
    await writer?.abort();
  }

  #isCopyNeeded(): boolean {
    return this.#writer !== undefined && this.#options.hasWaiters();
  }

  #maySkipReader(): boolean {
    return this.#isCopyNeeded() && this.output.readableLength < MAX_BUFFERED_BYTES;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
