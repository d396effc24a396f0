import { flag, integer, seconds } from '../../library/settings/index.ts';

/** The settings of the cache of answers. */
export const SERVICE_CACHE_SETTINGS = {
  cacheEnabled: flag(['CACHE_ENABLED', 'CACHE_ENABLE'], true, 'Whether reads are cached.'),
  cacheTtlStatsTotalS: seconds('CACHE_TTL_STATS_TOTAL_S', 3, 'TTL of engine stats.', 0.1),
  cacheTtlOrchestratorStatusS: seconds(
    'CACHE_TTL_ORCHESTRATOR_STATUS_S',
    2,
    'TTL of the orchestrator status.',
    0.1,
  ),
  cacheTtlVpnStatusS: seconds('CACHE_TTL_VPN_STATUS_S', 3, 'TTL of the VPN status.', 0.1),
  cacheSweepIntervalS: seconds(
    'CACHE_SWEEP_INTERVAL_S',
    60,
    'How often entries that are too old to be served are removed.',
    1,
  ),
  cacheKeepWarm: flag(
    'CACHE_KEEP_WARM',
    true,
    'Whether watched keys are reloaded in the background when they expire.',
  ),
  cacheRefreshAheadS: seconds(
    'CACHE_REFRESH_AHEAD_S',
    15,
    'For how long after its last read a key is refreshed ahead.',
    0.1,
  ),
  cacheWarmOnStart: flag(
    'CACHE_WARM_ON_START',
    true,
    'Whether polled keys are loaded at the start, so that the first poll is a hit.',
  ),
  cacheAdaptiveTtl: flag(
    'CACHE_ADAPTIVE_TTL',
    false,
    'Whether a key lives longer than its TTL if loading it takes long, so that loads take at most a tenth of the time, or if its value does not change.',
  ),
  cacheAdaptiveTtlMaxS: seconds(
    'CACHE_ADAPTIVE_TTL_MAX_S',
    30,
    'Longest TTL of a key with `CACHE_ADAPTIVE_TTL`.',
    0.1,
  ),
  cacheStaleIfErrorS: seconds(
    'CACHE_STALE_IF_ERROR_S',
    30,
    'How long after its expiry a value can be served, marked stale, if loading it fails.',
  ),
  cacheLoadTimeoutS: seconds('CACHE_LOAD_TIMEOUT_S', 10, 'Timeout of one load.', 0.1, 300),
  cacheMaxEntries: integer('CACHE_MAX_ENTRIES', 1000, 'entries', 'Maximum number of entries.', 1, 10_000_000),
  cacheMaxBytes: integer(
    'CACHE_MAX_BYTES',
    67_108_864,
    'bytes',
    'Maximum size of all entries in memory.',
    1024,
    2 ** 40,
  ),
} as const;
