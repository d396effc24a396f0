/**
 * Where the version of an asset is found:
 *
 * - `'folder'`: the folder that contains the file, as in `/app/20251020-RC1/main.dart.js`;
 * - a RegExp: what its first group matches in the URL, or all that it matches;
 * - `{ query }`: a parameter of the query, as in `/main.js?v=3`;
 * - `{ header }`: a field of the response;
 * - a function of the URL.
 */
export type VersionSource =
  | 'folder'
  | RegExp
  | { readonly query: string }
  | { readonly header: string }
  | ((url: URL) => string | undefined);

/** Names an asset and one of its versions. */
export interface AssetVersion {
  /** The URL without its version: host, path and query. */
  readonly asset: string;
  /** The version; an empty string if the URL has none, undefined if only the response shows it. */
  readonly version: string | undefined;
}

/** Takes the place of the version in the name of an asset. */
const PLACEHOLDER = '*';

/**
 * Finds the version of a URL and what all versions have in common.
 * @throws TypeError if the URL is not valid
 */
export function parseVersion(url: string, source: VersionSource): AssetVersion {
  const parsed = new URL(url);
  parsed.hash = '';
  // Removes a question mark without a query.
  if (parsed.search === '') parsed.search = '';
  if (source === 'folder') return versionInFolder(parsed);
  if (source instanceof RegExp) return versionInText(parsed.href, source);
  if (typeof source === 'function') {
    const version = source(parsed) ?? '';
    return { asset: version === '' ? parsed.href : parsed.href.replaceAll(version, PLACEHOLDER), version };
  }
  if ('header' in source) return { asset: parsed.href, version: undefined };
  const version = parsed.searchParams.get(source.query) ?? '';
  parsed.searchParams.delete(source.query);
  return { asset: parsed.href, version };
}

function versionInFolder(url: URL): AssetVersion {
  const segments = url.pathname.split('/');
  const version = segments.at(-2) ?? '';
  if (version === '') return { asset: url.href, version };
  segments[segments.length - 2] = PLACEHOLDER;
  // Not assigned to the URL, which would escape the placeholder in some paths. Not its origin, which is null for
  // some schemes, whatever the host.
  const start = url.href.length - url.pathname.length - url.search.length;
  return { asset: `${url.href.slice(0, start)}${segments.join('/')}${url.search}`, version };
}

function versionInText(href: string, pattern: RegExp): AssetVersion {
  // Without the flags g and y, which would make the result depend on the former call.
  const match = new RegExp(pattern.source, `${pattern.flags.replaceAll(/[dgy]/g, '')}d`).exec(href);
  const range = match?.indices?.[1] ?? match?.indices?.[0];
  if (!range) return { asset: href, version: '' };
  const [start, end] = range;
  return { asset: href.slice(0, start) + PLACEHOLDER + href.slice(end), version: href.slice(start, end) };
}
