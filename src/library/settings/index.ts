/** Settings read from environment variables and `.env` files. */
export { choice, flag, integer, parsed, type Setting, seconds, secret, text } from './kinds.ts';
export {
  ConfigError,
  readEnvFile,
  readSettings,
  type SettingsOf,
  type SettingsTable,
  type Variables,
} from './read.ts';
export { parseRedisUrl } from './redis-url.ts';
