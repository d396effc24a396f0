const FORM = /^(rediss?:\/\/[^/?#]*(\/\d*)?|unix:\/\/\/[^?#]+(\?db=\d+)?)$/;

/** Stricter than the standard of URLs: the client would refuse the rest by an error of its own, amid the start. */
export function parseRedisUrl(text: string): string {
  if (FORM.test(text) && URL.canParse(text) && isDecodable(text)) return text;
  throw new Error('must be a URL, as in redis://localhost:6379/0');
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
