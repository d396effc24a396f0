/** Pages of the panel by the fragment of the address. */
export type Route = { page: 'overview' | 'engines' | 'cache' } | { page: 'engine'; id: string };

/** An address that means nothing leads to the overview. */
export function parseRoute(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'engines' && id) return { page: 'engine', id: decode(id) };
  if (page === 'engines' || page === 'cache') return { page };
  return { page: 'overview' };
}

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
