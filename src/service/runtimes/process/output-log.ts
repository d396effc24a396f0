import type { LogOptions } from '../../engines/runtime.ts';

/** The most that can be asked for. */
const MAX_PIECES = 5000;
const MAX_BYTES = 1024 * 1024;
/** A longer line is kept in pieces, as Docker does. */
const MAX_PIECE_LENGTH = 16 * 1024;
const MAX_BATCH = 64 * 1024;
const NEWLINE = 10;

/** A line with its end, or a part of a very long one. */
interface Piece {
  bytes: Buffer;
  /** Milliseconds since the epoch. */
  writtenAt: number;
}

/** What an engine has written last: at most 5000 lines and 1 MiB, which is also all that a reader can lag behind. */
export class OutputLog {
  readonly #pieces: Piece[] = [];
  /** The number of the oldest piece; they are numbered from the first that was ever written. */
  #first = 0;
  #bytes = 0;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  /** @returns what takes the bytes of one stream as they arrive: lines of several streams do not mix. */
  createSink(): { write(chunk: Buffer): void; end(): void } {
    let open = Buffer.alloc(0);
    const cut = () => {
      const newline = open.indexOf(NEWLINE);
      const length = newline === -1 || newline >= MAX_PIECE_LENGTH ? MAX_PIECE_LENGTH : newline + 1;
      if (newline === -1 && open.length < MAX_PIECE_LENGTH) return false;
      this.#add(open.subarray(0, length));
      open = open.subarray(length);
      return true;
    };
    return {
      write(chunk) {
        open = Buffer.concat([open, chunk]);
        while (cut());
      },
      end: () => {
        if (open.length > 0) this.#add(open);
        open = Buffer.alloc(0);
      },
    };
  }

  /** Says that nothing more will come. */
  end(): void {
    this.#ended = true;
    this.#wakeReaders();
  }

  /** Reads as {@link LogOptions} say. A reader who is overtaken is told how much it has missed. */
  async *read({ tail, follow, since, signal }: LogOptions): AsyncGenerator<Uint8Array> {
    let next = this.#startOf(tail, since);
    const last = follow ? Number.POSITIVE_INFINITY : this.#end;
    signal.addEventListener('abort', () => this.#wakeReaders(), { once: true });
    while (!signal.aborted) {
      const missed = Math.min(last, this.#first) - next;
      if (missed > 0) yield Buffer.from(`[${missed} lines are missing here: they were read too slowly]\n`);
      next += Math.max(0, missed);
      const batch = this.#batch(next, Math.min(last, this.#end));
      if (batch.length > 0) {
        next += batch.length;
        yield Buffer.concat(batch);
      } else if (this.#ended || next >= last) return;
      else await this.#changed.promise;
    }
  }

  get #end(): number {
    return this.#first + this.#pieces.length;
  }

  #startOf(tail: number, since: number | null): number {
    const ofTail = Math.max(0, this.#pieces.length - tail);
    if (since === null) return this.#first + ofTail;
    const ofTime = this.#pieces.findIndex(({ writtenAt }) => writtenAt >= since);
    return this.#first + Math.max(ofTail, ofTime === -1 ? this.#pieces.length : ofTime);
  }

  #batch(from: number, to: number): Buffer[] {
    const batch: Buffer[] = [];
    let bytes = 0;
    for (let number = from; number < to && bytes < MAX_BATCH; number += 1) {
      const piece = this.#pieces[number - this.#first]!.bytes;
      batch.push(piece);
      bytes += piece.length;
    }
    return batch;
  }

  #add(piece: Buffer): void {
    // Copied: what it is a part of may be larger by far, and would be kept with it.
    this.#pieces.push({ bytes: Buffer.from(piece), writtenAt: Date.now() });
    this.#bytes += piece.length;
    while (this.#pieces.length > MAX_PIECES || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#pieces.shift()!.bytes.length;
      this.#first += 1;
    }
    this.#wakeReaders();
  }

  #wakeReaders(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
