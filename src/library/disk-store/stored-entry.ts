import { Readable } from 'node:stream';
import { BodyFile, BodyStream, type ByteRange } from './body.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { DiskEntry } from './entry.ts';
import { codeOf } from './errors.ts';
import { BLOCK_BYTES, type DiskMetadata, type DiskRecord } from './record.ts';

/** What an entry needs of its store. */
export interface EntryContext {
  guard: DiskGuard;
  /** Path of the body. */
  bodyPath: string;
  /** Called if the body is missing or corrupt. */
  onLost: (reason: 'missing' | 'corrupt') => Promise<void>;
  setMetadata: (metadata: DiskMetadata) => Promise<boolean>;
}

/** An entry whose record has been read. */
export class StoredEntry implements DiskEntry {
  readonly #record: DiskRecord;
  readonly #context: EntryContext;

  constructor(record: DiskRecord, context: EntryContext) {
    this.#record = record;
    this.#context = context;
  }

  get key(): string {
    return this.#record.key;
  }

  get metadata(): DiskMetadata {
    return this.#record.metadata;
  }

  get size(): number {
    return this.#record.size;
  }

  get sha256(): string {
    return this.#record.sha256;
  }

  get createdAt(): number {
    return this.#record.createdAt;
  }

  async bytes(): Promise<Buffer | undefined> {
    if (this.#record.inline) return this.#record.inline;
    const file = await this.#open();
    if (!file) return undefined;
    try {
      return await file.readAll();
    } catch (error) {
      return await this.#lost(error);
    } finally {
      await file.close();
    }
  }

  async stream({ start = 0, end = this.size - 1 }: ByteRange = {}): Promise<Readable | undefined> {
    const isEmpty = this.size === 0 && start === 0;
    if (!isEmpty && !(start >= 0 && start <= end && end < this.size)) {
      throw new RangeError(`the range ${start}-${end} is not within a body of ${this.size} bytes`);
    }
    const { inline } = this.#record;
    if (inline) return Readable.from([inline.subarray(start, end + 1)], { objectMode: false });
    const file = await this.#open();
    if (!file) return undefined;
    try {
      const first = await file.readBlock(Math.floor(start / BLOCK_BYTES));
      const onError = (error: unknown) => void this.#lost(error).catch(() => {});
      return new BodyStream(file, { first, start, end: end + 1, onError });
    } catch (error) {
      await file.close();
      return await this.#lost(error);
    }
  }

  setMetadata(metadata: DiskMetadata): Promise<boolean> {
    return this.#context.setMetadata(metadata);
  }

  async #open(): Promise<BodyFile | undefined> {
    const file = await BodyFile.open(this.#context.bodyPath, this.#record, this.#context.guard);
    if (!file) await this.#context.onLost('missing');
    return file;
  }

  /** @throws the error, unless it is that of a corrupt body */
  async #lost(error: unknown): Promise<undefined> {
    if (codeOf(error) !== 'ERR_STORE_CORRUPT') throw error;
    await this.#context.onLost('corrupt');
  }
}
