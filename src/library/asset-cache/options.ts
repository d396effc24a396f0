import type { Variables } from '../settings/index.ts';
import type { Clock } from '../util/clock.ts';
import { createSystemClock } from '../util/clock.ts';
import { defaultFolder, readAssetSettings } from './settings.ts';
import type { VersionSource } from './version.ts';

/** Options of {@link AssetCache}. The variables are read when an option is not given. */
export interface AssetCacheOptions {
  /** Caches with different namespaces share nothing. Default `assets`. */
  namespace?: string;
  /**
   * Folder of the disk level; it must contain nothing else. Default: CACHE_DIR, or `roundhouse/assets` in the user's
   * folder for caches.
   */
  dir?: string;
  /** `false` disables the cache: nothing is stored or served. Default: USE_LOCAL_CACHE, or true. */
  enabled?: boolean;
  /** Whether `getOrFetch` stores what it fetches. Default: AUTO_CACHE_ON_MISS, or true. */
  saveOnMiss?: boolean;
  /** Where versions are found; `false` ignores them. Default `'folder'`, or false if VERSION_AWARE_CACHING is false. */
  version?: VersionSource | false;
  /** Versions of each asset that are kept: those used last. Default 3. */
  keepVersions?: number;
  /** Keeps one version of each asset: a request for another version removes it. Default false. */
  strict?: boolean;
  /** Age from which an entry is revalidated, in seconds. Default: CACHE_MAX_AGE_HOURS, or 86,400 (24 hours). */
  maxAgeS?: number;
  /** Limit of the memory level in bytes, never exceeded; 0 disables it. Default: MEMORY_CACHE_MAX_SIZE_MB, or 100 MiB. */
  memoryMaxBytes?: number;
  /** How long an entry stays in memory, in seconds. Default: MEMORY_CACHE_TTL_SECONDS, or 300. */
  memoryTtlS?: number;
  /** Which entry leaves the memory first: the oldest (`fifo`) or the one not used for the longest time (`lru`). Default `fifo`. */
  memoryEviction?: 'fifo' | 'lru';
  /** Limit of the disk level in bytes. Default 1 GiB. */
  diskMaxBytes?: number;
  /** How long a caller waits for another process that fetches the same URL, before it fetches itself. Default 30,000 ms. */
  waitMs?: number;
  /** Receives a line for each version change. Default: standard error. */
  log?: (line: string) => void;
  /** Called for each error of the disk. The cache then works as if it were empty. */
  onError?: (error: unknown) => void;
  /** Environment variables. Default `process.env`. */
  env?: Variables;
  /** Source of monotonic time. Default: the system's clock. */
  clock?: Clock;
  /** Milliseconds since the epoch. Default `Date.now`. */
  wallClock?: () => number;
}

/** Options with their defaults. */
export type ResolvedOptions = Required<Omit<AssetCacheOptions, 'env'>>;

const MEGABYTE = 1024 * 1024;
const HOUR_S = 3600;

/**
 * Fills in the defaults.
 * @throws ConfigError if a variable is not valid, RangeError if an option is not
 */
export function resolveOptions(options: AssetCacheOptions): ResolvedOptions {
  const { env = process.env, ...given } = options;
  const settings = readAssetSettings(env);
  const resolved: ResolvedOptions = {
    namespace: 'assets',
    dir: settings.dir ?? defaultFolder(env),
    enabled: settings.enabled,
    saveOnMiss: settings.saveOnMiss,
    version: settings.versionAware ? 'folder' : false,
    keepVersions: 3,
    strict: false,
    maxAgeS: settings.maxAgeHours * HOUR_S,
    memoryMaxBytes: settings.memoryMaxMegabytes * MEGABYTE,
    memoryTtlS: settings.memoryTtlS,
    memoryEviction: 'fifo',
    diskMaxBytes: 1024 * MEGABYTE,
    waitMs: 30_000,
    log: (line) => void process.stderr.write(`${line}\n`),
    onError: () => {},
    clock: createSystemClock(),
    wallClock: Date.now,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  for (const name of ['maxAgeS', 'memoryMaxBytes', 'memoryTtlS', 'waitMs'] as const) {
    if (!(resolved[name] >= 0)) throw new RangeError(`${name} must be at least 0: ${resolved[name]}`);
  }
  if (!(Number.isInteger(resolved.keepVersions) && resolved.keepVersions >= 1)) {
    throw new RangeError(`keepVersions must be a whole number of at least 1: ${resolved.keepVersions}`);
  }
  return resolved;
}
