import pLimit from 'p-limit';
import { type Clock, createSystemClock } from '../util/clock.ts';
import { withinDeadline } from '../util/deadline.ts';
import { countRead, countWrite, createCounters } from './counters.ts';
import { BrowserStateError, StorageError } from './errors.ts';
import type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from './object-store.ts';
import { pause } from './pause.ts';

const MAX_CALLS_AT_ONCE = 8;
const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

/** Options of a {@link ReliableStore}. */
export interface ReliableStoreOptions {
  /** Source of time. Default: the system's monotonic clock. */
  clock?: Clock;
  /** How long one attempt may take, in milliseconds. Default 30,000. */
  timeoutMs?: number;
}

/**
 * Calls a driver with deadlines, at most 8 calls at once, and retries of failures that may pass, with exponential
 * pauses and jitter. Every call can be repeated safely: after an attempt to create an object whose outcome is
 * unknown, the object is read and compared.
 */
export class ReliableStore implements ObjectStore {
  readonly kind: string;
  /** Counts of the calls. */
  readonly counters = createCounters();
  readonly #driver: ObjectStore;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #limit = pLimit(MAX_CALLS_AT_ONCE);

  constructor(
    driver: ObjectStore,
    { clock = createSystemClock(), timeoutMs = 30_000 }: ReliableStoreOptions = {},
  ) {
    this.kind = driver.kind;
    this.#driver = driver;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  get(key: string, { signal }: CallOptions = {}): Promise<Uint8Array | undefined> {
    return countRead(this.counters, () =>
      this.#retry(`get ${key}`, signal, (options) => this.#driver.get(key, options)),
    );
  }

  async put(key: string, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    await countWrite(this.counters, bytes.length, () =>
      this.#retry(`put ${key}`, signal, (options) => this.#driver.put(key, bytes, options)),
    );
  }

  async create(key: string, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<boolean> {
    let uncertain = false;
    return await countWrite(this.counters, bytes.length, () =>
      this.#retry(`create ${key}`, signal, async (options) => {
        try {
          if (await this.#driver.create(key, bytes, options)) return true;
        } catch (error) {
          uncertain = true;
          throw error;
        }
        const existing = uncertain ? await this.#driver.get(key, options) : undefined;
        return existing !== undefined && Buffer.from(existing).equals(bytes);
      }),
    );
  }

  list(prefix: string, { signal, ...rest }: ListOptions = {}): Promise<ObjectInfo[]> {
    return this.#retry(`list ${prefix}`, signal, (options) =>
      this.#driver.list(prefix, { ...options, ...rest }),
    );
  }

  delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#retry(`delete ${key}`, signal, (options) => this.#driver.delete(key, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]();
  }

  #retry<T>(
    what: string,
    outer: AbortSignal | undefined,
    call: (options: { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    return this.#limit(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const deadline = {
            clock: this.#clock,
            timeoutMs: this.#timeoutMs,
            subject: `${this.kind} storage`,
          };
          return await withinDeadline(outer ? { ...deadline, signal: outer } : deadline, (signal) =>
            call({ signal }),
          );
        } catch (error) {
          outer?.throwIfAborted();
          if (error instanceof BrowserStateError && !(error instanceof StorageError)) throw error;
          const failure = describeFailure(`${this.kind}: ${what}`, error);
          if (!failure.transient || attempt === MAX_ATTEMPTS) throw failure;
        }
        await pause(this.#clock, FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()), outer);
      }
    });
  }
}

/** Errors of the file system and of the parameters do not pass by waiting. */
const PERMANENT = /^(E(ACCES|PERM|ROFS|NOSPC|DQUOT|NOENT|NOTDIR|ISDIR|NAMETOOLONG|INVAL|IO)|ERR_.*)$/;

function describeFailure(what: string, cause: unknown): StorageError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof StorageError)
    return new StorageError(`${what}: ${message}`, { transient: cause.transient, cause });
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  return new StorageError(`${what}: ${message}`, { transient: !PERMANENT.test(code), cause });
}
