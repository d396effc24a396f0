import { stringify } from 'node:querystring';
import type { Dispatcher } from 'undici';
import { memoize } from '../util/memo.ts';

/**
 * An origin in its normal form: in lower case and without a default port. A `Client` ignores the origin of a request,
 * so it may also be only a name, such as `localhost`. Empty for any other text.
 */
export const originOf: (origin: string) => string = memoize(
  (origin) => (URL.parse(origin) ?? URL.parse(`http://${origin}`))?.origin ?? '',
);

/** Concatenated, not resolved: the path `//b` of one origin must not become the origin `b`. */
export function urlOf(origin: string, { path, query }: Dispatcher.DispatchOptions): string {
  const parameters = query && stringify(query);
  return `${origin}${path}${parameters ? `?${parameters}` : ''}`;
}
