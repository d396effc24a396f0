/** A page of the panel, from the fragment of the URL. */
export type Route =
  | { page: 'overview' }
  | { page: 'engines' }
  | { page: 'nodes' }
  | { page: 'events' }
  | { page: 'cache' }
  | { page: 'settings' }
  | { page: 'engine'; id: string }
  | AppsRoute;

/** A page about browser apps. They are loaded when one of them is opened. */
export type AppsRoute =
  | { page: 'apps' | 'profiles' }
  | { page: 'app'; workspace: string; app: string }
  | { page: 'session'; id: string }
  | { page: 'profile'; user: string; session: string };

/** Parses a fragment such as `#/engines/abc`. An unknown page is the overview. */
export function parseRoute(hash: string): Route {
  const [page, id, second] = hash.replace(/^#\/?/, '').replace(/\?.*$/s, '').split('/');
  if (page === 'engines' && id) return { page: 'engine', id: decode(id) };
  if (page === 'nodes' || page === 'engines' || page === 'events' || page === 'cache' || page === 'settings')
    return { page };
  if (page === 'sessions' && id) return { page: 'session', id: decode(id) };
  if (page === 'apps' && id && second) return { page: 'app', workspace: decode(id), app: decode(second) };
  if (page === 'profiles' && id && second)
    return { page: 'profile', user: decode(id), session: decode(second) };
  if (page === 'apps' || page === 'profiles') return { page };
  return { page: 'overview' };
}

/** Fragment of the page of an app. */
export function appHref({ workspace, app_id }: { workspace: string; app_id: string }): string {
  return `#/apps/${encodeURIComponent(workspace)}/${encodeURIComponent(app_id)}`;
}

/** Fragment of the page of a browser session. */
export function sessionHref(id: string): string {
  return `#/sessions/${encodeURIComponent(id)}`;
}

/** Fragment of the page of a browser profile. */
export function profileHref({ user, session }: { user: string; session: string }): string {
  return `#/profiles/${encodeURIComponent(user)}/${encodeURIComponent(session)}`;
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
