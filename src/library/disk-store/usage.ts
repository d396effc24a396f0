import { constants } from 'node:fs';
import { type FileHandle, open, rename, stat, writeFile } from 'node:fs/promises';
import type { DiskGuard } from './disk-guard.ts';
import { DiskStoreError, ifExists } from './errors.ts';
import { uniqueName } from './files.ts';
import type { Layout } from './layout.ts';

const RECORD_BYTES = 8;
/** A longer file is replaced by one with only the sum. */
const MAX_FILE_BYTES = 64 * 1024;

/**
 * How much of the disk the store uses, as a file of changes to which all processes append. Each adds up what the
 * others have appended before it adds its own change, so that all of them respect one limit. There is no lock. A
 * process that is killed may leave a change that did not happen; the next scan corrects the sum.
 */
export class Usage {
  readonly #path: string;
  readonly #tmp: string;
  readonly #guard: DiskGuard;
  #handle: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #bytes = 0;
  /** Changes that could not be written, for example to a full disk. */
  #unwritten = 0;
  #activity = 0;
  #closed = false;
  /** The end of the former operation. */
  #last: Promise<unknown> = Promise.resolve();
  /** The end of the former operation, or its timeout. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(layout: Layout, guard: DiskGuard) {
    this.#path = layout.usage;
    this.#tmp = layout.tmp;
    this.#guard = guard;
  }

  /** Bytes in use, as last read. */
  get bytes(): number {
    return this.#bytes + this.#unwritten;
  }

  /** Sum of the amounts of all changes that were read. It only grows. */
  get activity(): number {
    return this.#activity;
  }

  /** Reads what other processes have appended. @returns bytes in use */
  refresh(): Promise<number> {
    return this.#inTurn(async () => {
      await this.#read();
      return this.bytes;
    });
  }

  /**
   * Adds a change, which may be negative.
   * @returns bytes in use, with the change
   * @throws DiskStoreError if the change cannot be written. A negative one is written with the next change.
   */
  add(change: number): Promise<number> {
    return this.#inTurn(async () => {
      const total = change + this.#unwritten;
      try {
        await this.#read();
        if (total !== 0) await this.#append(total);
        this.#unwritten = 0;
      } catch (error) {
        if (change > 0) throw error;
        this.#unwritten = total;
      }
      return this.bytes;
    });
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#closed = true;
      await this.#handle?.close();
      this.#handle = undefined;
    });
  }

  async #append(change: number): Promise<void> {
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeDoubleLE(change);
    await this.#handle!.write(record);
    await this.#read();
    if (this.#offset >= MAX_FILE_BYTES) await this.#compact();
  }

  /** Opens the file again if another process has replaced it, and reads what is new. */
  async #read(): Promise<void> {
    if (this.#closed) throw new DiskStoreError('ERR_STORE_CLOSED', 'the disk store is closed');
    const current = await ifExists(stat(this.#path));
    if (!this.#handle || current?.ino !== this.#inode) {
      await this.#handle?.close();
      this.#handle = await open(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
      const { ino, size } = await this.#handle.stat();
      // Cut by a power failure in the middle of a change, after which nothing can be read.
      if (size % RECORD_BYTES !== 0) await this.#handle.truncate(0);
      this.#inode = ino;
      this.#offset = 0;
      this.#bytes = 0;
    }
    this.#bytes += await this.#readNew(this.#handle);
  }

  async #readNew(handle: FileHandle): Promise<number> {
    const { size } = await handle.stat();
    if (size < this.#offset) {
      this.#offset = 0;
      this.#bytes = 0;
    }
    const length = size - this.#offset - ((size - this.#offset) % RECORD_BYTES);
    if (length <= 0) return 0;
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, this.#offset);
    let sum = 0;
    let end = 0;
    for (; end + RECORD_BYTES <= bytesRead; end += RECORD_BYTES) {
      const change = buffer.readDoubleLE(end);
      if (!Number.isSafeInteger(change)) continue;
      sum += change;
      this.#activity += Math.abs(change);
    }
    this.#offset += end;
    return sum;
  }

  /** Replaces the file. What others append to the former file in this moment is appended to the new one. */
  async #compact(): Promise<void> {
    const temporary = `${this.#tmp}/${uniqueName()}`;
    const sum = Buffer.alloc(RECORD_BYTES);
    sum.writeDoubleLE(this.#bytes);
    await writeFile(temporary, sum);
    await rename(temporary, this.#path);
    const late = await this.#readNew(this.#handle!);
    await this.#read();
    if (late !== 0) await this.#append(late);
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const running = Promise.all([this.#turn, this.#last]).then(operation);
    // Its timeout begins with its turn: many writes at the same time on a busy machine are no disk that hangs.
    const result = this.#turn.then(() => this.#guard.run('count its bytes', () => running));
    this.#last = running.catch(() => {});
    this.#turn = result.catch(() => {});
    return result;
  }
}
