import { flag, integer, parsed, seconds } from '../settings/kinds.ts';
import { ConfigError, readEnvFile, readSettings, type SettingsOf, type Variables } from '../settings/read.ts';
import { parseRedisUrl } from '../settings/redis-url.ts';

const SERVICE_TTL = /^TTL_([A-Z][A-Z0-9_]*)$/;
const DEFAULT_TTL_S = 86_400;
const YEAR_S = 365 * 86_400;

/** The settings of the caches as a library. docs/library.md shows them. */
export const CACHE_SETTINGS = {
  enabled: flag('CACHE_ENABLE', true, 'Off: every call and request goes to its source.'),
  redisUrl: parsed(
    'REDIS_URL',
    'redis://localhost:6379/0',
    'redis://localhost:6379/0',
    'URL',
    'Redis that the caches share.',
    parseRedisUrl,
  ),
  forceCache: flag(
    'FORCE_CACHE',
    true,
    "Keep responses for their service's TTL, whatever their headers say.",
  ),
  alwaysRevalidate: flag('ALWAYS_REVALIDATE', false, 'Ask the origin before any kept response is used.'),
  maxKeyLength: integer(
    'MAX_CACHE_KEY_LENGTH',
    200,
    'characters',
    'Keys of results that are longer are hashed.',
    64,
    10_000,
  ),
  redisKeepAlive: flag('REDIS_SOCKET_KEEPALIVE', true, 'Whether TCP keeps connections to Redis alive.'),
  redisConnectTimeoutS: seconds(
    'REDIS_SOCKET_CONNECT_TIMEOUT',
    5,
    'Deadline of a connection to Redis.',
    0.01,
    300,
  ),
  redisTimeoutS: seconds('REDIS_SOCKET_TIMEOUT', 10, 'Deadline of one command to Redis.', 0.001, 300),
  redisHealthCheckIntervalS: seconds(
    'REDIS_HEALTH_CHECK_INTERVAL',
    30,
    'How often an idle connection to Redis is tried; 0: never.',
  ),
} as const;

/** The settings of the caches, checked. Times in seconds. */
export interface CacheSettings extends SettingsOf<typeof CACHE_SETTINGS> {
  /** How long the responses of a service are kept, by the service's name in small letters. */
  readonly ttlS: Readonly<Record<string, number>>;
}

/** Settings given in code: they stand below the environment and `.env`, above the defaults. */
export type CacheArguments = Partial<CacheSettings>;

/**
 * Reads the settings of the caches: environment over `.env` over arguments over defaults.
 * @throws ConfigError that lists every bad value, wherever it came from.
 */
export function readCacheSettings(
  given: CacheArguments = {},
  sources: { env?: Variables; envFile?: string } = {},
): CacheSettings {
  const faults: string[] = [];
  const { ttlS = {}, ...others } = given;
  const layers = [
    sources.env ?? process.env,
    readEnvFile(sources.envFile ?? '.env'),
    argumentsAsVariables(others, ttlS, faults),
  ];
  const settings = readSettings(CACHE_SETTINGS, layers, faults);
  const ttls = readTtls(layers, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({ ...settings, ttlS: Object.freeze(ttls) });
}

/** In the form of variables, arguments pass the same checks, and their faults read the same. */
function argumentsAsVariables(
  given: Readonly<Record<string, unknown>>,
  ttlS: Readonly<Record<string, number>>,
  faults: string[],
): Variables {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (Object.hasOwn(CACHE_SETTINGS, name)) {
      variables[CACHE_SETTINGS[name as keyof typeof CACHE_SETTINGS].env[0]] = String(value);
    } else faults.push(`${name} is no setting of the caches`);
  }
  for (const [service, value] of Object.entries(ttlS)) {
    const name = ttlVariable(service);
    if (SERVICE_TTL.test(name)) variables[name] = String(value);
    else faults.push(`ttlS names ${JSON.stringify(service)}: a service is letters, digits, - and _`);
  }
  return variables;
}

function readTtls(layers: readonly Variables[], faults: string[]): Record<string, number> {
  const table: Record<string, ReturnType<typeof seconds>> = {};
  for (const name of layers.flatMap((variables) => Object.keys(variables))) {
    const [, service] = SERVICE_TTL.exec(name) ?? [];
    if (service) table[service.toLowerCase()] = seconds(name, DEFAULT_TTL_S, '', 0, YEAR_S);
  }
  return readSettings(table, layers, faults);
}

/** The TTL of a service, with a day for one that none is set for. */
export function ttlOf(settings: CacheSettings, service: string): number {
  return settings.ttlS[serviceName(service)] ?? DEFAULT_TTL_S;
}

/**
 * The one name of a service that may be written in several ways, as in `anime-planet` and `ANIME_PLANET`.
 * @throws RangeError for one that no variable could name.
 */
export function serviceName(service: string): string {
  const [, name] = SERVICE_TTL.exec(ttlVariable(service)) ?? [];
  if (name) return name.toLowerCase();
  throw new RangeError(`${JSON.stringify(service)} names no service: a service is letters, digits, - and _`);
}

function ttlVariable(service: string): string {
  return `TTL_${service.toUpperCase().replaceAll('-', '_')}`;
}
