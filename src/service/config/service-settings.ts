import { choice, flag, integer, parsed, secret, text } from '../../library/settings/index.ts';
import { parseBasePath, parseHostName, parseHosts, parseOrigin } from './values.ts';

/** The settings of the service itself and of its HTTP API. */
export const SERVICE_SETTINGS = {
  host: parsed('HOST', '127.0.0.1', '127.0.0.1', 'address', 'Address to listen on.', parseHostName),
  port: integer(['PORT', 'APP_PORT'], 8000, 'port', 'Port to listen on; 0 selects a free port.', 0, 65_535),
  logLevel: choice(
    'LOG_LEVEL',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Minimum level of log lines.',
  ),
  dataDir: parsed(
    'DATA_DIR',
    './data',
    './data',
    'folder',
    'Folder for the API key, the event log and other state.',
    String,
  ),
  apiKey: secret(
    text(
      'API_KEY',
      'text',
      'API key required for writes; use at least 8 characters. Unset: a key is generated at the first start and stored in `DATA_DIR/api-key`.',
      /^[\x21-\x7e]{1,256}$/,
      'must be 1 to 256 printable ASCII characters without spaces',
    ),
  ),
  allowedHosts: parsed<readonly string[]>(
    'ALLOWED_HOSTS',
    [],
    'none',
    'names, separated by commas',
    'Host names under which the service is reached, such as `roundhouse.example.com` or `*.example.com`. IP addresses, names without a dot, and names under `.local`, `.lan`, `.internal` and `.home.arpa` are always allowed; `*` allows any.',
    parseHosts,
  ),
  basePath: parsed(
    'BASE_PATH',
    '',
    'none',
    'path',
    'Path under which a reverse proxy serves Roundhouse, such as `/roundhouse`, whether or not the proxy removes it.',
    parseBasePath,
  ),
  authReads: flag('AUTH_READS', false, 'Whether reads require the API key too.'),
  corsOrigin: parsed<string | null>(
    'CORS_ORIGIN',
    null,
    'unset',
    'origin',
    'Origin whose pages may call the API, or `*` for any. Unset: none.',
    parseOrigin,
  ),
  liveMaxClients: integer(
    'LIVE_MAX_CLIENTS',
    100,
    'clients',
    'Maximum number of concurrent /events/live clients.',
    0,
    10_000,
  ),
} as const;
