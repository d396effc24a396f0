import type { LogOptions } from '../../engines/runtime.ts';

/** Also the maximum of the logs route. */
const MAX_PIECES = 5000;
const MAX_BYTES = 1024 * 1024;
/** Longer lines are split, as Docker does. */
const MAX_PIECE_LENGTH = 16 * 1024;
const MAX_BATCH_BYTES = 64 * 1024;
const NEWLINE = 10;

/** A line including its newline, or a part of a long line. */
interface Piece {
  bytes: Buffer;
  /** Milliseconds since the epoch. */
  writtenAt: number;
}

/** The latest output of an engine: up to 5000 lines and 1 MiB. A reader that falls further behind loses lines. */
export class OutputLog {
  readonly #pieces: Piece[] = [];
  /** Number of the oldest piece. Pieces are numbered from the first that was ever written. */
  #first = 0;
  #bytes = 0;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  /** @returns a sink for the bytes of one stream; lines of several streams are not mixed */
  createSink(): { write(chunk: Buffer): void; end(): void } {
    let pending = Buffer.alloc(0);
    const takePiece = () => {
      const newline = pending.indexOf(NEWLINE);
      const length = newline === -1 || newline >= MAX_PIECE_LENGTH ? MAX_PIECE_LENGTH : newline + 1;
      if (newline === -1 && pending.length < MAX_PIECE_LENGTH) return false;
      this.#add(pending.subarray(0, length));
      pending = pending.subarray(length);
      return true;
    };
    return {
      write(chunk) {
        pending = Buffer.concat([pending, chunk]);
        while (takePiece());
      },
      end: () => {
        if (pending.length > 0) this.#add(pending);
        pending = Buffer.alloc(0);
      },
    };
  }

  /** Marks the output as complete, which ends all readers once they have read it. */
  end(): void {
    this.#ended = true;
    this.#wakeReaders();
  }

  /** Reads the output. A reader that is too slow gets a line with the number of lines that it has missed. */
  async *read({ tail, follow, since, signal }: LogOptions): AsyncGenerator<Uint8Array> {
    let next = this.#startOf(tail, since);
    const last = follow ? Number.POSITIVE_INFINITY : this.#end;
    signal.addEventListener('abort', () => this.#wakeReaders(), { once: true });
    while (!signal.aborted) {
      const missed = Math.min(last, this.#first) - next;
      if (missed > 0) yield Buffer.from(`[${missed} lines are missing: the reader was too slow]\n`);
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
    const byTail = Math.max(0, this.#pieces.length - tail);
    if (since === null) return this.#first + byTail;
    const byTime = this.#pieces.findIndex(({ writtenAt }) => writtenAt >= since);
    return this.#first + Math.max(byTail, byTime === -1 ? this.#pieces.length : byTime);
  }

  #batch(from: number, to: number): Buffer[] {
    const batch: Buffer[] = [];
    let bytes = 0;
    for (let number = from; number < to && bytes < MAX_BATCH_BYTES; number += 1) {
      const piece = this.#pieces[number - this.#first]!.bytes;
      batch.push(piece);
      bytes += piece.length;
    }
    return batch;
  }

  #add(piece: Buffer): void {
    // Copied, because a view would keep its whole, possibly much larger, buffer in memory.
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
