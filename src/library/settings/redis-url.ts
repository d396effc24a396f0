const REDIS_URL = /^(rediss?:\/\/[^/?#]*(\/\d*)?|unix:\/\/\/[^?#]+(\?db=\d+)?)$/;

/**
 * Checks a URL of Redis: `redis://`, `rediss://` or `unix://`. Stricter than the URL standard, because the
 * Redis client rejects other URLs later, with errors that do not name the setting.
 * @throws Error that describes a valid URL
 */
export function parseRedisUrl(text: string): string {
  if (REDIS_URL.test(text) && URL.canParse(text) && isDecodable(text)) return text;
  throw new Error('must be a Redis URL such as redis://localhost:6379/0');
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
