import { Readable } from 'node:stream';
import { SharedBody } from './shared-body.ts';
import type { StoreWriter } from './store.ts';

/** How much of a body waits for a slow browser in memory, if other requests need the body too. */
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
 * Passes a body on to the browser and to requests that follow, and writes a copy to the store. The source is read at
 * the browser's pace, unless other requests need the body. If the store fails, only the copy is lost.
 */
export class Recording {
  /** The body, for the browser. */
  readonly output: Readable;
  /** The body, for requests that follow. */
  readonly shared = new SharedBody(() => this.onDemandChange());
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
    if (!options.writer) this.shared.abandonStore();
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
    if (this.#readerLeft && !this.#isNeededByOthers()) this.#options.source.destroy();
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
        this.shared.push(chunk);
        if (!this.#readerLeft) this.output.push(chunk);
        while (this.#mustWait()) await this.#woken();
      }
      if (source.errored || !source.readableEnded)
        throw source.errored ?? new Error('the body was cancelled');
      stored ||= await this.#commit();
      if (!this.#readerLeft) this.output.push(null);
      this.shared.end();
    } catch (error) {
      this.shared.end(error as Error);
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
    const stored = (await writer?.commit().catch(() => false)) ?? false;
    if (!stored) this.shared.abandonStore();
    return stored;
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
    this.shared.abandonStore();
    this.onDemandChange();
    await writer?.abort();
  }

  #isNeededByOthers(): boolean {
    return this.shared.hasFollowers || (this.#writer !== undefined && this.#options.hasWaiters());
  }

  #mustWait(): boolean {
    const { readableLength, readableHighWaterMark } = this.output;
    const limit = this.#isNeededByOthers() ? MAX_BUFFERED_BYTES : readableHighWaterMark;
    return this.shared.isFull || (!this.#readerLeft && readableLength >= limit);
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
