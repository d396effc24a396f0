import { hash } from 'node:crypto';
import type { RedisLink } from '../../redis/link.ts';
import { WRITE_BLOCK } from './scripts.ts';

/**
 * Size of the parts in which bodies are stored, each verified on its own. Redis adds a few bytes, and with these 512 KiB
 * occupied 640 KiB.
 */
const BLOCK_BYTES = 512 * 1024 - 64;
/** How many blocks are read at once. */
const BLOCKS_PER_READ = 8;
/** A body that has not become visible after this time is removed: its writer was killed. */
const UNFINISHED_MS = 60_000;

/** Writes a body in blocks. */
export class BlockWriter {
  /** SHA-256 hashes of the blocks. */
  readonly hashes: string[] = [];
  readonly #link: RedisLink;
  readonly #key: string;
  readonly #pending: Promise<unknown>[] = [];
  #parts: Uint8Array[] = [];
  #buffered = 0;
  #size = 0;

  constructor(link: RedisLink, key: string) {
    this.#link = link;
    this.#key = key;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Appends a part. Resolves when Redis has the complete blocks. */
  async write(part: Uint8Array): Promise<void> {
    this.#parts.push(part);
    this.#buffered += part.byteLength;
    this.#size += part.byteLength;
    if (this.#buffered >= BLOCK_BYTES) await this.#flush(false);
  }

  /** Writes the rest. Resolves when Redis has all blocks. */
  async end(): Promise<void> {
    await this.#flush(true);
    await Promise.all(this.#pending);
  }

  async #flush(all: boolean): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    let start = 0;
    const sent: Promise<unknown>[] = [];
    while (bytes.length - start >= BLOCK_BYTES || (all && start < bytes.length)) {
      const block = bytes.subarray(start, start + BLOCK_BYTES);
      sent.push(this.#send(block));
      start += block.length;
    }
    this.#parts = [bytes.subarray(start)];
    this.#buffered = bytes.length - start;
    await Promise.all(sent);
  }

  #send(block: Buffer): Promise<unknown> {
    const number = this.hashes.push(hash('sha256', block, 'base64')) - 1;
    const sent = WRITE_BLOCK.run(this.#link, [this.#key], [String(number), block, String(UNFINISHED_MS)]);
    // `end` reports it too, if no `write` waits for it.
    sent.catch(() => {});
    this.#pending.push(sent);
    return sent;
  }
}

/** A block is missing or corrupt. */
export class DamagedBodyError extends Error {
  override readonly name = 'DamagedBodyError';
}

/** A body in Redis. */
export interface StoredBlocks {
  readonly key: string;
  readonly hashes: readonly string[];
}

/**
 * Reads the bytes of a body from `start` to `end`, both included, in verified parts.
 * @throws DamagedBodyError if a block is missing or corrupt
 */
export async function* readBlocks(
  link: RedisLink,
  { key, hashes }: StoredBlocks,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const last = Math.floor(end / BLOCK_BYTES);
  for (let first = Math.floor(start / BLOCK_BYTES); first <= last; first += BLOCKS_PER_READ) {
    const count = Math.min(BLOCKS_PER_READ, last - first + 1);
    const numbers = Array.from({ length: count }, (_, index) => String(first + index));
    const blocks = await link.send(['HMGET', key, ...numbers]);
    for (const [index, block] of (blocks as (Buffer | null)[]).entries()) {
      const number = first + index;
      if (!block || hash('sha256', block, 'base64') !== hashes[number]) {
        throw new DamagedBodyError(`block ${number} of ${key} is ${block ? 'corrupt' : 'missing'}`);
      }
      const offset = number * BLOCK_BYTES;
      yield block.subarray(Math.max(0, start - offset), end - offset + 1);
    }
  }
}
