import { Cache, type Load, type LoadingCache, type LoadOptions } from '../cache/index.ts';
import type {
  AnyFunction,
  CachedFunction,
  CachedResultOptions,
  ResultStore,
  StoredResult,
} from './options.ts';
import { resultKeys, schemaHash } from './result-key.ts';

const DAY_S = 86_400;

/**
 * Puts a cache in front of a function. Calls with equal arguments (and an equal `this`) share one result for `ttlS`
 * seconds, and concurrent calls share one execution. A change of the function's source invalidates all earlier results.
 * If the cache fails, or the arguments have no canonical form, the function is called directly. Errors of the function
 * are not cached.
 *
 * Calls whose arguments have no canonical form, such as instances of classes, are counted in `uncachedCalls` and passed
 * to `onError`; without `onError`, the first one emits a process warning. The option `keyOf` makes them cacheable.
 *
 * Results are frozen, because callers share them. Results of a function that does not return promises are cached only
 * in the memory of this process. Functions with the same name and source whose results depend on something else, such
 * as variables of an enclosing scope, each need a `name` of their own.
 * @throws RangeError if `ttlS` or `staleWhileRevalidateS` is negative or not a number
 */
export function cachedResult<F extends AnyFunction>(
  fn: F,
  options: CachedResultOptions<F> = {},
): CachedFunction<F> {
  const results = new CachedResults(fn, options as CachedResultOptions);
  function cached(this: unknown, ...args: Parameters<F>): unknown {
    return results.call(this, args);
  }
  Object.defineProperties(cached, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
    uncachedCalls: { get: () => results.uncachedCalls },
    invalidate: { value: (...args: Parameters<F>) => results.invalidate(args) },
    keyOf: { value: (...args: Parameters<F>) => results.keyOf(args) },
  });
  // `cached` has the parameters and the return type of F; `unknown` hides that from the compiler.
  return cached as unknown as CachedFunction<F>;
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
  /** Number of calls without a key. */
  uncachedCalls = 0;
  readonly #fn: AnyFunction;
  readonly #name: string;
  readonly #ttlOf: (value: unknown) => number;
  readonly #loadOptions: LoadOptions;
  readonly #tagsOf: ((...args: never[]) => readonly string[]) | undefined;
  readonly #enabled: boolean;
  readonly #storeEmpty: boolean;
  readonly #store: ResultStore;
  readonly #memory: Pick<LoadingCache<StoredResult>, 'get' | 'set'>;
  readonly #toKey: (self: unknown, args: readonly unknown[]) => string;
  readonly #onError: ((error: unknown, functionName: string) => void) | undefined;
  /** Executions in progress. A caller for whom the cache fails meanwhile waits for one instead of starting another. */
  readonly #executions = new Map<string, Promise<unknown>>();
  /** Undefined until the first call shows it. */
  #async: boolean | undefined;

  constructor(fn: AnyFunction, options: CachedResultOptions) {
    const { ttlS = DAY_S, staleWhileRevalidateS = 0 } = options;
    this.#fn = fn;
    this.#name = options.name ?? (fn.name || 'anonymous');
    this.#ttlOf = typeof ttlS === 'function' ? (value) => ttlS(value as never) : () => ttlS;
    // If the TTL depends on the result, it is set by the load. This one does not limit it.
    const ttlLimitS = typeof ttlS === 'function' ? Number.POSITIVE_INFINITY : ttlS;
    for (const [option, value] of Object.entries({ ttlS: ttlLimitS, staleWhileRevalidateS })) {
      if (!(value >= 0)) throw new RangeError(`${option} must be 0 or more seconds, not ${value}`);
    }
    const { tags } = options;
    this.#tagsOf = typeof tags === 'function' ? tags : undefined;
    this.#loadOptions = {
      ttlS: ttlLimitS,
      staleWhileRevalidateS,
      ...(typeof tags === 'object' && { tags }),
    };
    this.#enabled = options.enabled ?? true;
    this.#storeEmpty = options.storeEmpty ?? false;
    this.#store = options.cache ?? new Cache<StoredResult>();
    this.#memory = this.#store.memory ?? this.#store;
    this.#toKey = resultKeys({
      prefix: options.keyPrefix ?? 'result_cache',
      name: this.#name,
      schema: schemaHash(fn, options.version),
      maxLength: options.maxKeyLength ?? 200,
      keyOf: options.keyOf,
    });
    this.#onError = options.onError;
    this.#async = options.async ?? (fn.constructor.name === 'AsyncFunction' ? true : undefined);
  }

  call(self: unknown, args: readonly unknown[]): unknown {
    if (!this.#enabled) return this.#execute(self, args);
    let key: string;
    try {
      key = this.#toKey(self, args);
    } catch (error) {
      this.#reportUncached(error);
      return this.#execute(self, args);
    }
    return this.#async ? this.#callAsync(key, self, args) : this.#callSync(key, self, args);
  }

  invalidate(args: readonly unknown[]): void {
    const key = this.keyOf(args);
    if (key !== undefined) this.#store.delete(key);
  }

  keyOf(args: readonly unknown[]): string | undefined {
    try {
      return this.#toKey(undefined, args);
    } catch {
      return undefined;
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
      this.#onError?.(error, this.#name);
    }
    const value = this.#execute(self, args);
    if (isThenable(value)) {
      this.#async ??= true;
      return value;
    }
    this.#async ??= false;
    if (!this.#isCacheable(value)) return value;
    try {
      this.#memory.set(key, { value }, { ...this.#optionsOf(self, args), ttlS: this.#ttlOf(value) });
    } catch (error) {
      this.#onError?.(error, this.#name);
    }
    return value;
  }

  /** A hit is returned without waiting for anything. */
  #callAsync(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    let own: Promise<unknown> | undefined;
    const load: Load<StoredResult> = async (_signal, setFreshness) => {
      own = this.#startExecution(key, self, args);
      const value = await own.catch(throwFunctionError);
      setFreshness({ ageS: 0, ttlS: this.#isCacheable(value) ? this.#ttlOf(value) : 0 });
      return { value };
    };
    const recover = async (error: unknown): Promise<unknown> => {
      if (error instanceof FunctionError) throw error.cause;
      this.#onError?.(error, this.#name);
      return await (own ?? this.#executions.get(key) ?? this.#execute(self, args));
    };
    try {
      const read = this.#store.read(key, load, this.#optionsOf(self, args));
      if (!(read instanceof Promise)) return Promise.resolve(read.value.value);
      return read.then(({ value }) => value.value, recover);
    } catch (error) {
      return recover(error);
    }
  }

  #startExecution(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    const execution = (async () => this.#execute(self, args))().finally(() => {
      if (this.#executions.get(key) === execution) this.#executions.delete(key);
    });
    this.#executions.set(key, execution);
    return execution;
  }

  #optionsOf(self: unknown, args: readonly unknown[]): LoadOptions {
    if (this.#tagsOf === undefined) return this.#loadOptions;
    return { ...this.#loadOptions, tags: this.#tagsOf.apply(self, args as never[]) };
  }

  #isCacheable(value: unknown): boolean {
    return this.#storeEmpty || (value !== undefined && value !== null);
  }

  #reportUncached(error: unknown): void {
    this.uncachedCalls += 1;
    if (this.#onError) this.#onError(error, this.#name);
    else if (this.uncachedCalls === 1) {
      const reason = error instanceof Error ? error.message : String(error);
      const warning = `A call of ${this.#name} was not cached: ${reason}. Set the option keyOf to cache such calls.`;
      process.emitWarning(warning, { code: 'ROUNDHOUSE_UNCACHED_CALL' });
    }
  }
}
