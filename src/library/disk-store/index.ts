/** A bounded store of bytes on disk, verified on read, for several processes. */
export type { ByteRange } from './body.ts';
export { DiskByteStore, type DiskByteStoreOptions } from './byte-store.ts';
export { DiskStore, openDiskStore } from './disk-store.ts';
export type { DiskEntry, ListedEntry, ListPage } from './entry.ts';
export { DiskStoreError } from './errors.ts';
export type { DiskLease } from './leases.ts';
export type { DiskStoreOptions } from './options.ts';
export type { DiskMetadata } from './record.ts';
export type { DiskStoreStats, NamespaceUsage } from './stats.ts';
export type { DiskWriter } from './writer.ts';
