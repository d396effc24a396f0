import { flag, integer, parsed, seconds } from '../settings/kinds.ts';
import { ConfigError, readEnvFile, readSettings, type SettingsOf, type Variables } from '../settings/read.ts';
import { parseRedisUrl } from '../settings/redis-url.ts';

const SERVICE_TTL = /^TTL_([A-Z][A-Z0-9_]*)$/;
const DEFAULT_TTL_S = 86_400;
const YEAR_S = 365 * 86_400;

/** The settings of the caches. The table in docs/library/preset.md is generated from them. */
export const CACHE_SETTINGS = {
  enabled: flag('CACHE_ENABLE', true, 'false disables the caches: all calls and requests pass through.'),
  redisUrl: parsed(
    'REDIS_URL',
    'redis://localhost:6379/0',
    'redis://localhost:6379/0',
    'URL',
    'Redis server that the processes share.',
    parseRedisUrl,
  ),
  forceCache: flag(
    'FORCE_CACHE',
    true,
    'Cache responses for the TTL of their service, regardless of their headers.',
  ),
  alwaysRevalidate: flag(
    'ALWAYS_REVALIDATE',
    false,
    'Revalidate each cached response with the origin before it is used.',
  ),
  maxKeyLength: integer(
    'MAX_CACHE_KEY_LENGTH',
    200,
    'characters',
    'Longer keys of results are hashed.',
    64,
    10_000,
  ),
  redisKeepAlive: flag(
    'REDIS_SOCKET_KEEPALIVE',
    true,
    'Whether TCP keep-alive is enabled for connections to Redis.',
  ),
  redisConnectTimeoutS: seconds(
    'REDIS_SOCKET_CONNECT_TIMEOUT',
    5,
    'Timeout of connecting to Redis.',
    0.01,
    300,
  ),
  redisTimeoutS: seconds('REDIS_SOCKET_TIMEOUT', 10, 'Timeout of a command to Redis.', 0.001, 300),
  redisHealthCheckIntervalS: seconds(
    'REDIS_HEALTH_CHECK_INTERVAL',
    30,
    'Interval between PINGs to Redis; 0 disables them.',
  ),
} as const;

/** Validated settings of the caches. Times are in seconds. */
export interface CacheSettings extends SettingsOf<typeof CACHE_SETTINGS> {
  /** TTL of the responses of each service, by its name in lower case, with _ for -. */
  readonly ttlS: Readonly<Record<string, number>>;
}

/** Settings passed in code. The environment and `.env` override them. */
export type CacheArguments = Partial<CacheSettings>;

/**
 * Reads the settings of the caches. In order of precedence: environment variables, the `.env` file, `given`, the
 * defaults.
 * @param sources.env default `process.env`
 * @param sources.envFile path of the `.env` file. Default `.env` in the working directory.
 * @throws ConfigError that lists all invalid values
 */
export function readCacheSettings(
  given: CacheArguments = {},
  sources: { env?: Variables; envFile?: string } = {},
): CacheSettings {
  const problems: string[] = [];
  const { ttlS = {}, ...others } = given;
  const layers = [
    sources.env ?? process.env,
    readEnvFile(sources.envFile ?? '.env'),
    argumentsAsVariables(others, ttlS, problems),
  ];
  const settings = readSettings(CACHE_SETTINGS, layers, problems);
  const ttls = readTtls(layers, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  warnOfIgnored(layers);
  return Object.freeze({ ...settings, ttlS: Object.freeze(ttls) });
}

/** Variables of other caches with the same settings, which have no effect here, and why. */
const IGNORED = {
  REDIS_MAX_CONNECTIONS:
    'a process has four connections to Redis, on which the commands of all callers are pipelined',
  REDIS_RETRY_ON_TIMEOUT: 'after a timeout, the value is read from its source instead of another attempt',
};

/** Emits one process warning for each variable that somebody has set in vain. */
function warnOfIgnored(layers: readonly Variables[]): void {
  for (const [name, reason] of Object.entries(IGNORED)) {
    if (!layers.some((variables) => variables[name])) continue;
    process.emitWarning(`${name} has no effect: ${reason}.`, { code: 'ROUNDHOUSE_IGNORED_SETTING' });
  }
}

/** Converts arguments to variables, so that they are validated, and their errors reported, in the same way. */
function argumentsAsVariables(
  given: Readonly<Record<string, unknown>>,
  ttlS: Readonly<Record<string, number>>,
  problems: string[],
): Variables {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (Object.hasOwn(CACHE_SETTINGS, name)) {
      variables[CACHE_SETTINGS[name as keyof typeof CACHE_SETTINGS].env[0]] = String(value);
    } else problems.push(`unknown setting: ${name}`);
  }
  for (const [service, value] of Object.entries(ttlS)) {
    const name = ttlVariable(service);
    if (SERVICE_TTL.test(name)) variables[name] = String(value);
    else problems.push(`ttlS: ${invalidServiceName(service)}`);
  }
  return variables;
}

function readTtls(layers: readonly Variables[], problems: string[]): Record<string, number> {
  const table: Record<string, ReturnType<typeof seconds>> = {};
  for (const name of layers.flatMap((variables) => Object.keys(variables))) {
    const [, service] = SERVICE_TTL.exec(name) ?? [];
    if (service) table[service.toLowerCase()] = seconds(name, DEFAULT_TTL_S, '', 0, YEAR_S);
  }
  return readSettings(table, layers, problems);
}

/** TTL of the responses of a service, in seconds. Defaults to one day. */
export function ttlOf(settings: CacheSettings, service: string): number {
  return settings.ttlS[serviceName(service)] ?? DEFAULT_TTL_S;
}

/**
 * Normalizes the name of a service: `anime-planet` and `ANIME_PLANET` are the same one.
 * @throws RangeError if the name cannot be part of the name of a variable
 */
export function serviceName(service: string): string {
  const [, name] = SERVICE_TTL.exec(ttlVariable(service)) ?? [];
  if (name) return name.toLowerCase();
  throw new RangeError(invalidServiceName(service));
}

function ttlVariable(service: string): string {
  return `TTL_${service.toUpperCase().replaceAll('-', '_')}`;
}

function invalidServiceName(service: string): string {
  return `invalid service name ${JSON.stringify(service)}: use letters, digits, - and _, starting with a letter`;
}
