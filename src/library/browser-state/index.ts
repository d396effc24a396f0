/**
 * `roundhouse/browser-state`: browser profiles in versions, in a local folder, S3, GCS or Redis.
 *
 * @example
 * await using store = await ProfileStore.open({ driver: new LocalStore({ folder: 'profiles' }) });
 * await using mount = await store.mount('user', 'session');
 * // … start a browser with the user data directory mount.dir, and close it
 * await mount.commit();
 */
export type {
  BrowserCookie,
  PlaywrightBrowserType,
  PlaywrightContext,
  PuppeteerContext,
} from './browser/browser-types.ts';
export { afterLaunch, beforeClose, type Restored } from './browser/hooks.ts';
export {
  type OpenBrowser,
  type OpenBrowserOptions,
  openBrowser,
  withBrowser,
} from './browser/open-browser.ts';
export { BrowserState, type BrowserStateOptions, type BrowserStateRedisOptions } from './browser-state.ts';
export { DiskCache, type DiskCacheOptions } from './cache/disk-cache.ts';
export { RedisCache, type RedisCacheOptions } from './cache/redis-cache.ts';
export type { SessionCache } from './cache/session-cache.ts';
export type { Checkpoint } from './checkpoint.ts';
export type { EncryptionOptions } from './content/encryption.ts';
export { DEFAULT_EXCLUDE } from './content/exclude.ts';
export type { ListedVersion, Sidecar, VersionInfo, VersionReason } from './content/manifest.ts';
export type { TierCounters } from './counters.ts';
export { type StoreCheck, storeContract } from './drivers/contract.ts';
export { GcsStore, type GcsStoreOptions } from './drivers/gcs-store.ts';
export { LocalStore, type LocalStoreOptions } from './drivers/local-store.ts';
export { RedisStore, type RedisStoreOptions } from './drivers/redis-store.ts';
export { S3Store, type S3StoreOptions } from './drivers/s3-store.ts';
export {
  BrowserStateError,
  type BrowserStateErrorCode,
  CorruptObjectError,
  type LeaseHolder,
  SessionLockedError,
  StorageError,
  VersionConflictError,
} from './errors.ts';
export type { HistoryOptions, SweepResult } from './history/sweep.ts';
export type { VerifyResult } from './history/verify.ts';
export type { Lease, LeaseManager } from './leases/lease.ts';
export { RedisLeases } from './leases/redis-leases.ts';
export type { Mount } from './mount.ts';
export type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from './object-store.ts';
export type {
  CommitOptions,
  MountMode,
  MountOptions,
  ProfileStoreOptions,
  ProgressEvent,
} from './options.ts';
export { type ImportSource, type ProfileHealth, type ProfileStats, ProfileStore } from './profile-store.ts';
export type { ProfileCounters } from './store-context.ts';
