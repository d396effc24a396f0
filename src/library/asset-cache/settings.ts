import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  ConfigError,
  flag,
  integer,
  parsed,
  readSettings,
  type SettingsOf,
  seconds,
  text,
  type Variables,
} from '../settings/index.ts';

const YEAR_HOURS = 8760;

function hours(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number >= 0 && number <= YEAR_HOURS) return number;
  throw new Error(`must be a number from 0 to ${YEAR_HOURS}`);
}

/** The settings of the asset cache. Options take precedence over them. */
export const ASSET_SETTINGS = {
  dir: text('CACHE_DIR', 'path', 'Folder of the cache.'),
  maxAgeHours: parsed('CACHE_MAX_AGE_HOURS', 24, '24', 'hours', 'Older entries are revalidated.', hours),
  memoryMaxMegabytes: integer(
    'MEMORY_CACHE_MAX_SIZE_MB',
    100,
    'MiB',
    'Limit of the memory level; 0 disables it.',
    0,
    100_000,
  ),
  memoryTtlS: seconds('MEMORY_CACHE_TTL_SECONDS', 300, 'How long an entry stays in memory.'),
  enabled: flag(
    ['USE_LOCAL_CACHE', 'USE_LOCAL_CACHE_FOR_MAIN_DART'],
    true,
    'false disables the cache: nothing is stored or served.',
  ),
  saveOnMiss: flag('AUTO_CACHE_ON_MISS', true, 'Whether `getOrFetch` stores what it fetches.'),
  versionAware: flag(
    'VERSION_AWARE_CACHING',
    true,
    'false ignores versions: each URL is an asset of its own.',
  ),
} as const;

/** Validated settings of the asset cache. */
export type AssetSettings = SettingsOf<typeof ASSET_SETTINGS>;

/**
 * Reads the settings from environment variables.
 * @throws ConfigError that lists all invalid values
 */
export function readAssetSettings(env: Variables): AssetSettings {
  const problems: string[] = [];
  const settings = readSettings(ASSET_SETTINGS, [env], problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** Returns the folder of the cache unless another one is given. */
export function defaultFolder(env: Variables): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'roundhouse', 'assets');
}
