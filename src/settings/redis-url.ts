export function parseRedisUrl(text: string): string {
  const url = URL.parse(text);
  if (url && ['redis:', 'rediss:', 'unix:'].includes(url.protocol)) return text;
  throw new Error('must be a URL, as in redis://localhost:6379/0');
}
