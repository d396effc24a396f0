import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskGuard } from './disk-guard.ts';
import { codeOf, DiskStoreError, ifExists } from './errors.ts';
import { createFrom, diskBytes, readSmallFile, removeFile, uniqueName } from './files.ts';
import { bodyPath, keyHash, recordPath } from './layout.ts';
import { BLOCK_BYTES, type DiskMetadata, type DiskRecord, decodeRecord, encodeRecord } from './record.ts';

/** Bodies up to this size are part of their record, so that a hit reads one file. */
export const MAX_INLINE_BYTES = 16 * 1024;
/** Room is reserved in steps of at most this size while a body of unknown length arrives. */
const MAX_RESERVATION_BYTES = 1024 * 1024;

/** What a writer needs of its store. */
export interface WriterContext {
  guard: DiskGuard;
  /** Folder for temporary files. */
  tmp: string;
  /** Folder of the generation that was in use when the write began. */
  generation: string;
  maxEntryBytes: number;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Makes room for some bytes and counts them as used. */
  reserve: (bytes: number) => Promise<void>;
  /** Counts some bytes as no longer used. */
  release: (bytes: number) => Promise<void>;
  /** Called once, when the write has ended in any way. */
  onEnd: (writer: DiskWriter, result: 'committed' | 'discarded' | 'failed') => void;
}

/**
 * Writes one entry. Nothing is visible to readers until {@link commit}, which replaces the entry of the same key in
 * one step. A writer must be committed or aborted.
 */
export class DiskWriter {
  /** Key of the entry. */
  readonly key: string;
  /** Namespace of the entry. */
  readonly namespace: string;
  readonly #metadata: DiskMetadata;
  readonly #context: WriterContext;
  readonly #hash = createHash('sha256');
  readonly #blocks: Buffer[] = [];
  #block: Hash = createHash('sha256');
  #blockSize = 0;
  #size = 0;
  /** How much of it is in the temporary file. */
  #written = 0;
  /** The body, while it is small enough for the record. */
  #inline: Uint8Array[] | undefined = [];
  #temporary: { path: string; handle: FileHandle } | undefined;
  #reserved = 0;
  #error: unknown;
  #ended = false;
  #superseded = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(namespace: string, key: string, metadata: DiskMetadata, context: WriterContext) {
    this.namespace = namespace;
    this.key = key;
    this.#metadata = metadata;
    this.#context = context;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends a part of the body. The caller must not change the part until the promise is settled. After an error,
   * all that was written is removed and further calls reject with the same error.
   * @throws DiskStoreError such as `ENOSPC` or `ERR_STORE_TOO_LARGE`
   */
  write(chunk: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#append(chunk));
  }

  /**
   * Makes the entry visible in place of the former one.
   * @param metadata replaces that of the start of the write
   * @returns false if the entry was discarded, because the key was deleted or the namespace cleared since the start
   * @throws DiskStoreError such as `ENOSPC`; the former entry then stays
   */
  commit(metadata: DiskMetadata = this.#metadata): Promise<boolean> {
    return this.#inTurn(async () => {
      const committed = !this.#superseded && (await this.#place(metadata));
      await this.#end(committed ? 'committed' : 'discarded');
      return committed;
    });
  }

  /** Removes what was written. Does nothing after a commit or an error. */
  async abort(): Promise<void> {
    this.#error ??= new DiskStoreError('ERR_STORE_ABORTED', 'the write was aborted');
    await this.#last;
    await this.#end('discarded');
  }

  /** Called by the store when the key is deleted: the commit then discards the entry. */
  supersede(): void {
    this.#superseded = true;
  }

  async #append(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.byteLength;
    if (this.#size > this.#context.maxEntryBytes) {
      const message = `the body of ${this.key} exceeds maxEntryBytes (${this.#context.maxEntryBytes})`;
      throw new DiskStoreError('ERR_STORE_TOO_LARGE', message);
    }
    this.#hash.update(chunk);
    this.#hashBlocks(chunk);
    if (this.#inline && this.#size <= MAX_INLINE_BYTES) {
      this.#inline.push(Uint8Array.from(chunk));
      return;
    }
    const parts = [...(this.#inline ?? []), chunk];
    this.#inline = undefined;
    for (const part of parts) await this.#writeFully(part);
  }

  #hashBlocks(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.byteLength; ) {
      const part = chunk.subarray(offset, offset + BLOCK_BYTES - this.#blockSize);
      this.#block.update(part);
      this.#blockSize += part.byteLength;
      offset += part.byteLength;
      if (this.#blockSize === BLOCK_BYTES) this.#endBlock();
    }
  }

  #endBlock(): void {
    this.#blocks.push(this.#block.digest());
    this.#block = createHash('sha256');
    this.#blockSize = 0;
  }

  async #writeFully(part: Uint8Array): Promise<void> {
    await this.#reserve(this.#size);
    await this.#context.guard.run('write a body', async () => {
      const { handle } = this.#temporary!;
      for (let offset = 0; offset < part.byteLength; ) {
        const position = this.#written + offset;
        const { bytesWritten } = await handle.write(part, offset, part.byteLength - offset, position);
        offset += bytesWritten;
      }
    });
    this.#written += part.byteLength;
  }

  /**
   * Enlarges the temporary file before its room is counted: a scan by any process then finds what is reserved, and does
   * not correct the sum.
   */
  async #reserve(size: number): Promise<void> {
    const missing = diskBytes(size) - this.#reserved;
    if (missing <= 0) return;
    const step = diskBytes(Math.min(MAX_RESERVATION_BYTES, this.#context.maxEntryBytes / 16));
    const bytes = Math.ceil(missing / step) * step;
    await this.#context.guard.run('write a body', async () => {
      this.#temporary ??= await this.#open();
      await this.#temporary.handle.truncate(this.#reserved + bytes);
    });
    await this.#context.reserve(bytes);
    this.#reserved += bytes;
  }

  async #open(): Promise<{ path: string; handle: FileHandle }> {
    const path = join(this.#context.tmp, uniqueName());
    return { path, handle: await open(path, 'wx') };
  }

  async #place(metadata: DiskMetadata): Promise<boolean> {
    if (this.#blockSize > 0) this.#endBlock();
    const record: DiskRecord = {
      key: this.key,
      metadata,
      size: this.#size,
      sha256: this.#hash.digest('hex'),
      createdAt: this.#context.wallClock(),
      blocks: this.#inline ? Buffer.alloc(0) : Buffer.concat(this.#blocks),
      ...(this.#inline && { inline: Buffer.concat(this.#inline) }),
    };
    if (!this.#inline && !(await this.#placeBody(record.sha256))) return false;
    return placeRecord(this.#context, record);
  }

  /** @returns false if the namespace was cleared */
  async #placeBody(sha256: string): Promise<boolean> {
    const target = bodyPath(recordPath(this.#context.generation, keyHash(this.key)), sha256);
    return this.#context.guard.run('store a body', async () => {
      const { path, handle } = this.#temporary!;
      await handle.truncate(this.#size);
      await handle.close();
      const created = await ifExists(createFrom(path, target));
      if (created === undefined) return false;
      // Otherwise the key has the same content already.
      if (created) this.#reserved -= diskBytes(this.#size);
      return true;
    });
  }

  async #end(result: 'committed' | 'discarded' | 'failed'): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#error ??= new DiskStoreError('ERR_STORE_ABORTED', 'the write has ended');
    try {
      await this.#context.guard.run('remove a temporary file', async () => {
        if (!this.#temporary) return;
        await this.#temporary.handle.close();
        await rm(this.#temporary.path, { force: true });
      });
      if (this.#reserved !== 0) await this.#context.release(this.#reserved);
    } catch {
      // A temporary file that cannot be removed now is removed by a later sweep.
    }
    this.#context.onEnd(this, result);
  }

  /** Runs a step after the former ones. The first error ends the write. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#error) throw this.#error;
      try {
        return await step();
      } catch (error) {
        this.#error ??= error;
        await this.#end('failed');
        throw error;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * Writes a record in place of the former one of its key.
 * @returns false if the namespace was cleared
 */
export async function placeRecord(
  { guard, tmp, generation, reserve, release }: Omit<WriterContext, 'onEnd' | 'maxEntryBytes' | 'wallClock'>,
  record: DiskRecord,
): Promise<boolean> {
  const bytes = encodeRecord(record);
  const target = recordPath(generation, keyHash(record.key));
  const temporary = join(tmp, uniqueName());
  let unused = 0;
  try {
    await guard.run('store a record', () => writeFile(temporary, bytes, { flag: 'wx' }));
    await reserve(diskBytes(bytes.length));
    unused = diskBytes(bytes.length);
    await guard.run('store a record', async () => {
      const former = await readSmallFile(target);
      await rename(temporary, target);
      unused = former
        ? diskBytes(former.length) + (await removeFormerBody(target, former, record.sha256))
        : 0;
    });
    return true;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    if (unused > 0) await release(unused);
  }
}

/** Removes the body of a record that was replaced. @returns how much of the disk it took */
async function removeFormerBody(path: string, former: Buffer, sha256: string): Promise<number> {
  const decoded = decodeRecord(former);
  if (!decoded || decoded.inline || decoded.sha256 === sha256) return 0;
  return (await removeFile(bodyPath(path, decoded.sha256))) ? diskBytes(decoded.size) : 0;
}
