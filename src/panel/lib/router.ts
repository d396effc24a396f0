/** A page of the panel, from the fragment of the URL. */
export type Route =
  | { page: 'overview' | 'engines' | 'events' | 'cache' | 'settings' }
  | { page: 'engine'; id: string };

/** Parses a fragment such as `#/engines/abc`. An unknown page is the overview. */
export function parseRoute(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, '').replace(/\?.*$/s, '').split('/');
  if (page === 'engines' && id) return { page: 'engine', id: decode(id) };
  if (page === 'engines' || page === 'events' || page === 'cache' || page === 'settings') return { page };
  return { page: 'overview' };
}

/** Fragment of the page of an engine. */
export function engineHref(id: string): string {
  return `#/engines/${encodeURIComponent(id)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
