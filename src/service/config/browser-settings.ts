import { choice, flag, integer, parsed, seconds, text } from '../../library/settings/index.ts';
import { parseDestinations, parseUrl } from './values.ts';

/** The settings of browser apps. */
export const BROWSER_SETTINGS = {
  chromiumPath: text(
    'CHROMIUM_PATH',
    'path',
    'Chromium that runs browser apps. Unset: `chromium`, `chromium-browser`, `google-chrome-stable` or `google-chrome` in PATH.',
  ),
  browserMaxSessions: integer(
    'BROWSER_MAX_SESSIONS',
    20,
    'sessions',
    'Maximum number of concurrent sessions of browser apps. Further starts wait.',
    1,
    1000,
  ),
  browserQueueTimeoutS: seconds(
    'BROWSER_QUEUE_TIMEOUT_S',
    30,
    'How long a start of a browser app waits for the end of another session.',
  ),
  browserAllowHosts: parsed<readonly string[]>(
    'BROWSER_ALLOW_HOSTS',
    [],
    'none',
    'destinations, separated by commas',
    'Private destinations that browser apps may connect to: names, addresses or ranges, each with an optional port, such as `10.0.0.5:8080` or `*.internal`. Public addresses are always allowed.',
    parseDestinations,
  ),
  browserAllowNoSandbox: flag(
    'BROWSER_ALLOW_NO_SANDBOX',
    false,
    'Whether browser apps may run without the sandbox of Chromium if it does not work on this machine.',
  ),
  browserExecute: flag(
    'BROWSER_EXECUTE',
    true,
    'Whether scripts can be executed in the pages of browser apps with the API.',
  ),
  browserCacheTtlS: seconds(
    ['BROWSER_CACHE_TTL_S', 'HYPHA_CACHE_TTL'],
    86_400,
    'How long responses that specify no lifetime stay fresh in the caches of browser apps.',
    0,
    31_536_000,
  ),
  browserCacheStore: choice(
    'BROWSER_CACHE_STORE',
    ['disk', 'redis'],
    'disk',
    'Where the caches of browser apps are stored: `disk` is a folder in DATA_DIR, `redis` the server of REDIS_URL, for several orchestrators.',
  ),
  browserCacheMaxBytes: integer(
    'BROWSER_CACHE_MAX_BYTES',
    2 ** 29,
    'bytes',
    'Maximum size of the cache of each browser app. What was not used for the longest time is removed first.',
    1_048_576,
    2 ** 50,
  ),
  browserCacheTotalMaxBytes: integer(
    'BROWSER_CACHE_TOTAL_MAX_BYTES',
    10 * 2 ** 30,
    'bytes',
    'Maximum size of the caches of all browser apps together on the disk. Above it, the cache of the app that was not used for the longest time is cleared.',
    1_048_576,
    2 ** 50,
  ),
  pyodideUrl: parsed(
    'PYODIDE_URL',
    'https://cdn.jsdelivr.net/pyodide/v0.29.0/full',
    '`https://cdn.jsdelivr.net/pyodide/v0.29.0/full`',
    'URL',
    'Folder with the files of Pyodide, for apps of the type `web-python`.',
    parseUrl,
  ),
} as const;
