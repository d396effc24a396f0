import type { Readable } from 'node:stream';
import type { ByteRange } from './body.ts';
import type { DiskMetadata } from './record.ts';

/** An entry of a store. Its body stays readable through {@link stream} once that has resolved, even if the entry is removed. */
export interface DiskEntry {
  /** Key of the entry. */
  readonly key: string;
  /** What was stored with the body. */
  readonly metadata: DiskMetadata;
  /** Size of the body in bytes. */
  readonly size: number;
  /** SHA-256 hash of the body, in hexadecimal digits. */
  readonly sha256: string;
  /** When the body was stored, in milliseconds since the epoch. */
  readonly createdAt: number;
  /**
   * Reads the whole body into one buffer.
   * @returns undefined if the body has been removed or is corrupt; the entry is then removed
   * @throws DiskStoreError if the disk fails
   */
  bytes(): Promise<Buffer | undefined>;
  /**
   * Opens the body as a stream, or a part of it. The first block has been verified when the promise resolves. If a
   * later one turns out to be corrupt, the stream ends with the error `ERR_STORE_CORRUPT` before that block.
   * @returns undefined if the body has been removed or is corrupt; the entry is then removed
   * @throws DiskStoreError if the disk fails, or RangeError if the range is not within the body
   */
  stream(range?: ByteRange): Promise<Readable | undefined>;
  /**
   * Replaces the metadata and leaves the body as it is, for example after a 304.
   * @returns false if the entry has been removed or replaced
   * @throws DiskStoreError if the disk fails
   */
  setMetadata(metadata: DiskMetadata): Promise<boolean>;
}

/** What {@link DiskStore.list} returns of an entry. */
export type ListedEntry = Pick<DiskEntry, 'key' | 'metadata' | 'size' | 'sha256' | 'createdAt'>;

/** A page of {@link DiskStore.list}. */
export interface ListPage {
  readonly entries: readonly ListedEntry[];
  /** Pass it to get the next page; undefined on the last one. */
  readonly cursor: string | undefined;
}
