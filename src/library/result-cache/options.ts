import type { LoadingCache } from '../cache/index.ts';

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** A result as it is stored in the cache: in an object, because a cache cannot store `undefined`. */
export interface StoredResult {
  readonly value?: unknown;
}

/**
 * Returns whether a value from a shared store is a result. Use it in the codec of a `TieredCache`:
 * `jsonCodec(isStoredResult)`.
 */
export function isStoredResult(stored: unknown): stored is StoredResult {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return false;
  return Object.keys(stored).every((name) => name === 'value');
}

/** Where results are stored: a `Cache`, or a `TieredCache` that processes share. */
export interface ResultStore extends Pick<LoadingCache<StoredResult>, 'get' | 'set' | 'delete' | 'read'> {
  /** The tier that can be read synchronously. Default: the store itself. */
  readonly memory?: Pick<LoadingCache<StoredResult>, 'get' | 'set'>;
}

/** Options of {@link cachedResult}. */
export interface CachedResultOptions<F extends AnyFunction = AnyFunction> {
  /**
   * How long a result is cached, in seconds, or a function that returns it for a result: for example a short time for
   * an empty list. 0: the result is not cached. Default one day.
   */
  ttlS?: number | ((result: Awaited<ReturnType<F>>) => number);
  /**
   * How long after its TTL a result is still returned while it is loaded again in the background, in seconds. Only for
   * functions that return promises. Default 0.
   */
  staleWhileRevalidateS?: number;
  /** Tags of the results, for `cache.invalidateTags`, or a function that returns those of a call. Default none. */
  tags?: readonly string[] | ((this: ThisParameterType<F>, ...args: Parameters<F>) => readonly string[]);
  /**
   * Returns what replaces the arguments and `this` in the key, such as the ID of an object. It must differ for calls
   * with different results. Required for calls with instances of classes, which otherwise are not cached.
   */
  keyOf?(this: ThisParameterType<F>, ...args: Parameters<F>): unknown;
  /** First part of the keys. Default `result_cache`. */
  keyPrefix?: string;
  /** Second part of the keys. Default: the name of the function. */
  name?: string;
  /** Replaces the source of the function in the third part of the keys: results stay valid until it changes. */
  version?: string;
  /** Longer keys are hashed. Default 200 characters. */
  maxKeyLength?: number;
  /** Whether `null` and `undefined` are cached. Default false. */
  storeEmpty?: boolean;
  /**
   * Whether the function returns promises. Default: true for an `async` function, else determined by the first call,
   * whose promise is not cached.
   */
  async?: boolean;
  /** False disables the cache. Default true. */
  enabled?: boolean;
  /** Where results are stored. Default: a `Cache` of up to 10,000 results for this function alone. */
  cache?: ResultStore;
  /**
   * Called when the cache could not be used for a call and the function was called directly. `error` is an
   * `UnserialisableError` if the arguments have no canonical form.
   */
  onError?: (error: unknown, functionName: string) => void;
}

/** A function with a cache in front of it. Its signature is unchanged. */
export type CachedFunction<F extends AnyFunction> = F & {
  /** Removes the result of a call with these arguments from the cache, for all processes that share it. */
  invalidate(...args: Parameters<F>): void;
  /** The key of a call with these arguments, or undefined if they have no canonical form. */
  keyOf(...args: Parameters<F>): string | undefined;
  /** Number of calls that could not be cached, because their arguments have no canonical form. */
  readonly uncachedCalls: number;
};
