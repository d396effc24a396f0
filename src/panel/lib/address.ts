import { Store } from './store.ts';

/** Parameters of the page in the fragment of the URL, such as those of `#/engines?health=unhealthy`. */
export function parseParameters(hash: string): URLSearchParams {
  const start = hash.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : hash.slice(start + 1));
}

/** The fragment with some parameters changed; those that are empty are left out. */
export function withParameters(hash: string, changes: Readonly<Record<string, string>>): string {
  const parameters = parseParameters(hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') parameters.delete(name);
    else parameters.set(name, value);
  }
  const path = hash.replace(/\?.*$/s, '') || '#/';
  return parameters.size > 0 ? `${path}?${parameters}` : path;
}

/** The fragment of the URL. Replacing it adds no entry to the history and emits no `hashchange`. */
export const currentHash = new Store(globalThis.location?.hash ?? '');

/** Changes parameters of the page, so that a bookmark, a reload and the back button keep them. */
export function setParameters(changes: Readonly<Record<string, string>>): void {
  const hash = withParameters(location.hash, changes);
  history.replaceState(history.state, '', hash);
  currentHash.value = hash;
}
