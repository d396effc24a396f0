import { Cache, type LoadingCache } from '../cache/index.ts';
import { resultKeys, schemaHash } from './result-key.ts';

const DAY_S = 86_400;

/** A result as the cache holds it: in a box, because a cache has no place for a bare `undefined`. */
export interface Boxed {
  readonly value?: unknown;
}

/** Where results live: a Cache, or a TieredCache, which processes share. */
export interface ResultStore extends Pick<LoadingCache<Boxed>, 'get' | 'set' | 'delete' | 'getOrLoad'> {
  /** The part of it that can be asked without waiting, if it has parts. */
  readonly memory?: Pick<LoadingCache<Boxed>, 'get' | 'set'>;
}

export interface CachedResultOptions {
  /** How long a result is kept, in seconds. Default one day. */
  ttlS?: number;
  /** First part of the keys. Default `result_cache`. */
  keyPrefix?: string;
  /** Second part of the keys. Default: the function's name. */
  name?: string;
  /** Stands in for the function's source in the third part of the keys: results stay until it changes. */
  version?: string;
  /** Longer keys are hashed. Default 200 characters. */
  maxKeyLength?: number;
  /** Whether `null` and `undefined` are kept as results. Default false. */
  storeEmpty?: boolean;
  /**
   * Whether the function returns promises. Default: told by `async` in its declaration, or else by its
   * first call, which runs directly.
   */
  async?: boolean;
  /** False turns the cache off. Default true. */
  enabled?: boolean;
  /** Where results live. Default: in memory, 10,000 of them at most, for this function alone. */
  cache?: ResultStore;
  /** Called where the cache could not be used and the function ran directly. */
  onFault?: (error: unknown, functionName: string) => void;
}

/** A function with a cache in front of it: to be called as before. */
export type CachedFunction<F extends (...args: never[]) => unknown> = F & {
  /** Forgets the result of a call with these arguments, wherever the cache is shared. */
  invalidate(...args: Parameters<F>): void;
  /** The key of such a call, or undefined if its arguments have none. */
  keyOf(...args: Parameters<F>): string | undefined;
};

/**
 * Puts a cache in front of a function. Calls with equal arguments (and an equal `this`) share one result for
 * `ttl` seconds, and one run while it lasts; a change of the function's source leaves all former results
 * behind. Where the cache fails, or arguments cannot be told apart by their content, the function runs.
 *
 * Results are shared between callers, and frozen. A function that does not return promises is answered from
 * this process's memory alone. Where its result rests on more than its arguments, such as variables around
 * it, give it a `name` that tells them apart.
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
  // `cached` takes what F takes and returns what it returned; the compiler cannot see that through `unknown`.
  return Object.assign(cached, extras) as unknown as CachedFunction<F>;
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** What the function itself threw, as against what the cache did. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function asThrown(error: unknown): never {
  throw new Thrown(error);
}

class CachedResults {
  readonly #fn: (...args: never[]) => unknown;
  readonly #name: string;
  readonly #ttlS: number;
  readonly #enabled: boolean;
  readonly #storeEmpty: boolean;
  readonly #store: ResultStore;
  readonly #memory: Pick<LoadingCache<Boxed>, 'get' | 'set'>;
  readonly #toKey: (self: unknown, args: readonly unknown[]) => string;
  readonly #onFault: (error: unknown, functionName: string) => void;
  /** Runs under way, for those whom the cache has failed meanwhile: they need not run it once more. */
  readonly #running = new Map<string, Promise<unknown>>();
  #async: boolean | undefined;

  constructor(fn: (...args: never[]) => unknown, options: CachedResultOptions) {
    this.#fn = fn;
    this.#name = options.name ?? (fn.name || 'anonymous');
    this.#ttlS = options.ttlS ?? DAY_S;
    if (!(this.#ttlS >= 0)) throw new RangeError(`ttl must be 0 or more seconds, not ${options.ttlS}`);
    this.#enabled = options.enabled ?? true;
    this.#storeEmpty = options.storeEmpty ?? false;
    this.#store = options.cache ?? new Cache<Boxed>();
    this.#memory = this.#store.memory ?? this.#store;
    this.#toKey = resultKeys({
      prefix: options.keyPrefix ?? 'result_cache',
      name: this.#name,
      schema: schemaHash(fn, options.version),
      maxLength: options.maxKeyLength ?? 200,
    });
    this.#onFault = options.onFault ?? (() => {});
    this.#async = options.async ?? (fn.constructor.name === 'AsyncFunction' ? true : undefined);
  }

  call(self: unknown, args: readonly unknown[]): unknown {
    const key = this.#enabled ? this.keyOf(self, args) : undefined;
    if (key === undefined) return this.#run(self, args);
    return this.#async ? this.#load(key, self, args) : this.#callSync(key, self, args);
  }

  invalidate(args: readonly unknown[]): void {
    const key = this.keyOf(undefined, args);
    if (key !== undefined) this.#store.delete(key);
  }

  keyOf(self: unknown, args: readonly unknown[]): string | undefined {
    try {
      return this.#toKey(self, args);
    } catch (error) {
      this.#onFault(error, this.#name);
    }
  }

  #run(self: unknown, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#fn, self, args);
  }

  #callSync(key: string, self: unknown, args: readonly unknown[]): unknown {
    try {
      const kept = this.#memory.get(key);
      if (kept !== undefined) return kept.value;
    } catch (error) {
      this.#onFault(error, this.#name);
    }
    const value = this.#run(self, args);
    if (isThenable(value)) {
      this.#async ??= true;
      return value;
    }
    this.#async ??= false;
    if (!this.#isKept(value)) return value;
    try {
      this.#memory.set(key, { value }, { ttlS: this.#ttlS });
    } catch (error) {
      this.#onFault(error, this.#name);
    }
    return value;
  }

  async #load(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    let own: Promise<unknown> | undefined;
    try {
      const box = await this.#store.getOrLoad(
        key,
        async (_signal, tell): Promise<Boxed> => {
          own = this.#start(key, self, args);
          const value = await own.catch(asThrown);
          if (!this.#isKept(value)) tell({ ageS: 0, ttlS: 0 });
          return { value };
        },
        { ttlS: this.#ttlS },
      );
      return box.value;
    } catch (error) {
      if (error instanceof Thrown) throw error.error;
      this.#onFault(error, this.#name);
      return await (own ?? this.#running.get(key) ?? this.#run(self, args));
    }
  }

  #start(key: string, self: unknown, args: readonly unknown[]): Promise<unknown> {
    const running = (async () => this.#run(self, args))().finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    this.#running.set(key, running);
    return running;
  }

  #isKept(value: unknown): boolean {
    return this.#storeEmpty || (value !== undefined && value !== null);
  }
}
