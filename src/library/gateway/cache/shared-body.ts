import { Readable } from 'node:stream';

/** How much of a body, counted from its end so far, is kept in memory for its followers. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Opens the stored body from a position on, once it is complete. */
export type Resume = (position: number) => Promise<Readable | Uint8Array | undefined>;

interface Follower {
  /** Number of the chunk that it reads next. */
  next: number;
  /** Number of bytes that it has read. */
  position: number;
  left: boolean;
  wake: () => void;
}

/**
 * A body that several requests read while it arrives. A follower that falls behind what is kept in memory reads the
 * rest from the store.
 */
export class SharedBody {
  readonly #chunks: Buffer[] = [];
  readonly #followers = new Set<Follower>();
  readonly #onDemandChange: () => void;
  /** Number of the first chunk in memory. */
  #first = 0;
  #bytes = 0;
  #end: 'complete' | Error | undefined;
  #isStored = true;

  /** @param onDemandChange called when a follower has left or has read a chunk */
  constructor(onDemandChange: () => void) {
    this.#onDemandChange = onDemandChange;
  }

  /** Whether a request follows. */
  get hasFollowers(): boolean {
    return this.#followers.size > 0;
  }

  /** Whether the source has to wait, because followers are behind and cannot read the rest from the store. */
  get isFull(): boolean {
    return !this.#isStored && this.#bytes > MAX_BYTES;
  }

  /** Appends a chunk. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#trim();
    this.#wakeAll();
  }

  /** Call when the body will not be stored: no request can follow from now on. */
  abandonStore(): void {
    this.#isStored = false;
    this.#trim();
  }

  /** Ends the body for all followers, with an error if it is incomplete. */
  end(error?: Error): void {
    this.#end = error ?? 'complete';
    this.#wakeAll();
  }

  /**
   * Opens the body from its start.
   * @returns undefined if its start is no longer in memory; the caller then waits until the body is stored
   */
  follow(resume: Resume): Readable | undefined {
    if (this.#first > 0 || !this.#isStored || this.#end !== undefined) return undefined;
    const follower: Follower = { next: 0, position: 0, left: false, wake: () => {} };
    this.#followers.add(follower);
    const chunks = this.#read(follower, resume);
    // Not Readable.from: its streams cannot be ended while their generator waits for a chunk.
    return new Readable({
      read() {
        chunks.next().then(
          ({ done, value }) => this.push(done ? null : value),
          (error) => this.destroy(error),
        );
      },
      destroy: (error, callback) => {
        follower.left = true;
        this.#leave(follower);
        follower.wake();
        void chunks.return(undefined);
        callback(error);
      },
    });
  }

  async *#read(follower: Follower, resume: Resume): AsyncGenerator<Uint8Array> {
    while (!follower.left) {
      if (follower.next < this.#first) {
        this.#leave(follower);
        const rest = await resume(follower.position);
        if (!rest) throw new Error('the rest of the body cannot be read from the store');
        if (rest instanceof Uint8Array) yield rest;
        else yield* rest as AsyncIterable<Buffer>;
        return;
      }
      const chunk = this.#chunks[follower.next - this.#first];
      if (chunk) {
        follower.next += 1;
        follower.position += chunk.length;
        this.#trim();
        this.#onDemandChange();
        yield chunk;
      } else if (this.#end === 'complete') return;
      else if (this.#end) throw this.#end;
      else {
        await new Promise<void>((wake) => {
          follower.wake = wake;
        });
      }
    }
  }

  #leave(follower: Follower): void {
    if (!this.#followers.delete(follower)) return;
    this.#trim();
    this.#onDemandChange();
  }

  /** Without a stored copy, only what all followers have read is removed. */
  #trim(): void {
    const needed = this.#isStored
      ? Number.POSITIVE_INFINITY
      : Math.min(...[...this.#followers].map(({ next }) => next));
    const limit = this.#isStored ? MAX_BYTES : 0;
    while (this.#bytes > limit && this.#chunks.length > 0 && this.#first < needed) {
      this.#bytes -= this.#chunks.shift()!.length;
      this.#first += 1;
    }
  }

  #wakeAll(): void {
    for (const { wake } of this.#followers) wake();
  }
}
