import { Cache, type LoadingCache } from '../cache/index.ts';
import { resultKeys, schemaHash } from './result-key.ts';

const DAY_S = 86_400;

/** A result as it is stored in the cache: in an object, because a cache cannot store `undefined`. */
export interface StoredResult {
  readonly value?: unknown;
}

/** Where results are stored: a `Cache`, or a `TieredCache` that processes share. */
export interface ResultStore
  extends Pick<LoadingCache<StoredResult>, 'get' | 'set' | 'delete' | 'getOrLoad'> {
  /** The tier that can be read synchronously. Default: the store itself. */
  readonly memory?: Pick<LoadingCache<StoredResult>, 'get' | 'set'>;
}

/** Options of {@link cachedResult}. */
export interface CachedResultOptions {
  /** How long a result is cached, in seconds. Default one day. */
  ttlS?: number;
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
  /** Called when the cache could not be used for a call and the function was called directly. */
  onError?: (error: unknown, functionName: string) => void;
}

/** A function with a cache in front of it. Its signature is unchanged. */
export type CachedFunction<F extends (...args: never[]) => unknown> = F & {
  /** Removes the result of a call with these arguments from the cache, for all processes that share it. */
  invalidate(...args: Parameters<F>): void;
  /** The key of a call with these arguments, or undefined if they have no canonical form. */
  keyOf(...args: Parameters<F>): string | undefined;
};

/**
 * Puts a cache in front of a function. Calls with equal arguments (and an equal `this`) share one result for `ttlS`
 * seconds, and concurrent calls share one execution. A change of the function's source invalidates all earlier results.
 * If the cache fails, or the arguments have no canonical form, the function is called directly. Errors of the function
 * are not cached.
 *
 * Results are frozen, because callers share them. Results of a function that does not return promises are cached only
 * in the memory of this process. Functions with the same name and source whose results depend on something else, such
 * as variables of an enclosing scope, each need a `name` of their own.
 * @throws RangeError if `ttlS` is negative or not a number
 */
export function cachedResult<F extends (...args: never[]) => unknown>(
  fn: F,
  options: CachedResultOptions = {},
): CachedFunction<F> {
  const results = new CachedResults(fn, options);
  function cached(this: unknown, ...args: Parameters<F>): unknown {
    return results.call(this, args);
  }
  Object.defineProperties(cached, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
  const extras = {
    invalidate: (...args: Parameters<F>) => results.invalidate(args),
    keyOf: (...args: Parameters<F>) => results.keyOf(undefined, args),
  };
  // `cached` has the parameters and the return type of F; `unknown` hides that from the compiler.
  return Object.assign(cached, extras) as unknown as CachedFunction<F>;
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Wraps an error of the function, to distinguish it from an error of the cache. */
class FunctionError {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

function throwFunctionError(error: unknown): never {
  throw new FunctionError(error);
}

class CachedResults {
  readonly #fn: (...args: never[]) => unknown;
  readonly #name: string;
  readonly #ttlS: number;
  readonly #enabled: boolean;
  readonly #storeEmpty: boolean;
  readonly #store: ResultStore;
  readonly #memory: Pick<LoadingCache<StoredResult>, 'get' | 'set'>;
  readonly #toKey: (self: unknown, args: readonly unknown[]) => string;
  readonly #onError: (error: unknown, functionName: string) => void;
  /** Executions in progress. A caller for whom the cache fails meanwhile waits for one instead of starting another. */
  readonly #executions = new Map<string, Promise<unknown>>();
  /** Undefined until the first call shows it. */
  #async: boolean | undefined;

  constructor(fn: (...args: never[]) => unknown, options: CachedResultOptions) {
    this.#fn = fn;
    this.#name = options.name ?? (fn.name || 'anonymous');
    this.#ttlS = options.ttlS ?? DAY_S;
    if (!(this.#ttlS >= 0)) throw new RangeError(`ttlS must be 0 or more seconds, not ${options.ttlS}`);
    this.#enabled = options.enabled ?? true;
    this.#storeEmpty = options.storeEmpty ?? false;
    this.#store = options.cache ?? new Cache<StoredResult>();
    this.#memory = this.#store.memory ?? this.#store;
    this.#toKey = resultKeys({
      prefix: options.keyPrefix ?? 'result_cache',
      name: this.#name,
      schema: schemaHash(fn, options.version),
      maxLength: options.maxKeyLength ?? 200,
    });
    this.#onError = options.onError ?? (() => {});
    this.#async = options.async ?? (fn.constructor.name === 'AsyncFunction' ? true : undefined);
  }

  call(self: unknown, args: readonly unknown[]): unknown {
    const key = this.#enabled ? this.keyOf(self, args) : undefined;
    if (key === undefined) return this.#execute(self, args);
    return this.#async ? this.#callAsync(key, self, args) : this.#callSync(key, self, args);
  }

  invalidate(args: readonly unknown[]): void {
    const key = this.keyOf(undefined, args);
    if (key !== undefined) this.#store.delete(key);
  }

  keyOf(self: unknown, args: readonly unknown[]): string | undefined {
    try {
      return this.#toKey(self, args);
    } catch (error) {
      this.#onError(error, this.#name);
    }
  }

  #execute(self: unknown, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#fn, self, args);
  }

  #callSync(key: string, self: unknown, args: readonly unknown[]): unknown {
    try {
      const stored = this.#memory.get(key);
      if (stored !== undefined) return stored.value;
    } catch (error) {
      this.#onError(error, this.#name);
    }
    const value = this.#execute(self, args);
    if (isThenable(value)) {
      this.#async ??= true;
      return value;
    }
    this.#async ??= false;
    if (!this.#isCacheable(value)) return value;
    try {
      this.#memory.set(key, { value }, { ttlS: this.#ttlS });
    } catch (error) {
      this.#onError(error, this.#name);
    }
    return value;
  }

  async #callAsync(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    let own: Promise<unknown> | undefined;
    try {
      const stored = await this.#store.getOrLoad(
        key,
        async (_signal, setFreshness): Promise<StoredResult> => {
          own = this.#startExecution(key, self, args);
          const value = await own.catch(throwFunctionError);
          if (!this.#isCacheable(value)) setFreshness({ ageS: 0, ttlS: 0 });
          return { value };
        },
        { ttlS: this.#ttlS },
      );
      return stored.value;
    } catch (error) {
      if (error instanceof FunctionError) throw error.cause;
      this.#onError(error, this.#name);
      return await (own ?? this.#executions.get(key) ?? this.#execute(self, args));
    }
  }

  #startExecution(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    const execution = (async () => this.#execute(self, args))().finally(() => {
      if (this.#executions.get(key) === execution) this.#executions.delete(key);
    });
    this.#executions.set(key, execution);
    return execution;
  }

  #isCacheable(value: unknown): boolean {
    return this.#storeEmpty || (value !== undefined && value !== null);
  }
}
