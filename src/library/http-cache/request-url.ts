import { stringify } from 'node:querystring';
import type { Dispatcher } from 'undici';
import { memoize } from '../util/memo.ts';

/**
 * An origin in its normal form: in lower case and without a default port. A name without a scheme, such as `localhost`,
 * is one of http. Empty for any other text.
 */
export const originOf: (origin: string) => string = memoize((origin) => {
  const url = URL.parse(origin);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  return origin.includes('//') ? '' : (URL.parse(`http://${origin}`)?.origin ?? '');
});

/**
 * Returns a function that finds the origin to which a dispatcher sends a request. A `Client` and a `Pool` have one
 * origin and ignore that of the request, which may be a mere name.
 * @param own the origin of the dispatcher, as undici passes it to interceptors: null if it has several servers, and
 * undefined if it sends each request to the request's own
 * @returns for the origin of a request, that to which it is sent; empty if that is unknown, or if the request names
 * another URL, whose responses must not be mixed up with those of the dispatcher's
 */
export function originFinder(own: string | null | undefined): (requested: string) => string {
  if (own === undefined) return originOf;
  if (own === null) return () => '';
  return memoize((requested) => (!URL.canParse(requested) || originOf(requested) === own ? own : ''));
}

/** Concatenated, not resolved: the path `//b` of one origin must not become the origin `b`. */
export function urlOf(origin: string, { path, query }: Dispatcher.DispatchOptions): string {
  const parameters = query && stringify(query);
  return `${origin}${path}${parameters ? `?${parameters}` : ''}`;
}
