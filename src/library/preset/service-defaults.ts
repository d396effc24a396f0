import type { Fetch, HttpCacheClient } from '../http-cache/index.ts';

/** What all requests of a service have in common. */
export interface ServiceDefaults {
  /** Header fields of requests that do not have them, such as `user-agent`. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Time after which a request fails, in seconds. For `fetch`, from the call to the end of the body, with a
   * `TimeoutError`; for an interceptor, until the header and then between two parts of the body, with undici's errors.
   * Default: that of undici.
   */
  timeoutS?: number;
}

/** An interceptor for undici's `dispatcher.compose(…)`. */
export type Interceptor = ReturnType<HttpCacheClient['interceptor']>;
type RequestHeaders = Parameters<ReturnType<Interceptor>>[0]['headers'];

/** Applies defaults to a `fetch`. */
export function fetchWithDefaults(fetch: Fetch, { headers, timeoutS }: ServiceDefaults): Fetch {
  if (headers === undefined && timeoutS === undefined) return fetch;
  return (input, init = {}) => {
    const request = typeof input === 'object' && 'headers' in input ? input : undefined;
    const merged = new Headers((init.headers ?? request?.headers) as RequestInit['headers']);
    for (const [name, value] of Object.entries(headers ?? {})) {
      if (!merged.has(name)) merged.set(name, value);
    }
    const given = [init.signal ?? request?.signal, timeoutS && AbortSignal.timeout(timeoutS * 1000)];
    const signals = given.filter((one) => one instanceof AbortSignal);
    // Without a signal, hits in memory take less time.
    const options = signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
    return fetch(input, { ...init, headers: [...merged], ...options });
  };
}

/** Applies defaults to an interceptor. */
export function interceptorWithDefaults(
  interceptor: Interceptor,
  { headers = {}, timeoutS }: ServiceDefaults,
): Interceptor {
  const timeouts = timeoutS ? { headersTimeout: timeoutS * 1000, bodyTimeout: timeoutS * 1000 } : {};
  return (dispatch) => {
    const dispatchCached = interceptor(dispatch);
    return (options, handler) =>
      dispatchCached(
        { ...timeouts, ...options, headers: withDefaultHeaders(options.headers, headers) },
        handler,
      );
  };
}

/** Adds fields to the header of an undici request: a list of names and values, pairs, or an object. */
function withDefaultHeaders(given: RequestHeaders, defaults: Readonly<Record<string, string>>): string[] {
  const fields: string[] = [];
  const add = (name: string, value: number | string | readonly string[] | undefined) => {
    for (const one of Array.isArray(value) ? value : [value ?? '']) fields.push(name, String(one));
  };
  if (Array.isArray(given)) fields.push(...given);
  else if (given && Symbol.iterator in given) for (const [name, value] of given) add(name, value);
  else for (const [name, value] of Object.entries(given ?? {})) add(name, value);
  const names = new Set(fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(defaults)) if (!names.has(name.toLowerCase())) add(name, value);
  return fields;
}
