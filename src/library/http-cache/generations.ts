import { randomUUID } from 'node:crypto';
import type { ByteStore } from '../cache/index.ts';

/** How often a process checks whether another one has cleared the cache. */
const CHECK_INTERVAL_MS = 5000;
const TTL_MS = 30 * 24 * 3600 * 1000;
const NAMESPACE = 'roundhouse:http:1:generation';

interface Scope {
  readonly key: string;
  id: string | undefined;
  /** Whether the store still has to be written, because an earlier attempt failed. */
  unwritten: boolean;
  /** Wall-clock milliseconds. */
  checkedAt: number;
  checking: Promise<void> | undefined;
}

/** What {@link Generations} works with. */
export interface GenerationsOptions {
  readonly store: ByteStore;
  /** Milliseconds since the epoch. Compared only with other readings of the same clock. */
  readonly wallClock: () => number;
  /** Called for each failed operation of the store. */
  readonly onError: (error: unknown) => void;
}

/**
 * The current generations, random IDs in the store: one of all responses, and one of those of each service. A
 * response belongs to the generations in which its request was sent, and is invalid in any other. So clearing the
 * cache takes one write, and does not depend on the clocks of the processes that share the store.
 */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #scopes = new Map<string, Scope>();
  readonly #writes = new Set<Promise<void>>();

  constructor(options: GenerationsOptions) {
    this.#options = options;
  }

  /** The generations that apply to a service. Another process's `clear` takes effect within 5 s. */
  async current(service: string): Promise<string> {
    const scopes = this.#scopesOf(service);
    for (const scope of scopes) this.#checkIfDue(scope);
    if (scopes.some(({ checking }) => checking)) await Promise.all(scopes.map(({ checking }) => checking));
    return idOf(scopes);
  }

  /** Like {@link current}, without a promise; undefined if the store has to be read first. */
  known(service: string): string | undefined {
    const scopes = this.#scopesOf(service);
    return scopes.some((scope) => scope.id === undefined || this.#isDue(scope)) ? undefined : idOf(scopes);
  }

  /** Resolves when the writes to the store so far are done. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }

  /** Starts a new generation: of one service, or of all. If the store fails, it is written at a later check. */
  async clear(service?: string): Promise<void> {
    const scope = service === undefined ? this.#scope('all') : this.#scope(`service:${service}`);
    scope.id = randomUUID();
    scope.unwritten = true;
    await this.#write(scope);
  }

  #scopesOf(service: string): readonly [Scope, Scope] {
    return [this.#scope('all'), this.#scope(`service:${service}`)];
  }

  #scope(name: string): Scope {
    const existing = this.#scopes.get(name);
    if (existing) return existing;
    const scope: Scope = {
      key: `${NAMESPACE}:${name}`,
      id: undefined,
      unwritten: false,
      checkedAt: Number.NEGATIVE_INFINITY,
      checking: undefined,
    };
    this.#scopes.set(name, scope);
    return scope;
  }

  #isDue({ checkedAt }: Scope): boolean {
    return Math.abs(this.#options.wallClock() - checkedAt) >= CHECK_INTERVAL_MS;
  }

  #checkIfDue(scope: Scope): void {
    if (scope.checking || !this.#isDue(scope)) return;
    scope.checking = this.#check(scope).finally(() => {
      scope.checking = undefined;
    });
  }

  async #check(scope: Scope): Promise<void> {
    const previous = scope.id;
    const isRecent = Math.abs(this.#options.wallClock() - scope.checkedAt) < 2 * CHECK_INTERVAL_MS;
    scope.checkedAt = this.#options.wallClock();
    if (scope.unwritten) return void this.#write(scope);
    try {
      const stored = await this.#read(scope);
      if (scope.id !== previous) return;
      // While this process was idle, another one may have cleared the cache and the store lost that.
      const fallback = (isRecent ? previous : undefined) ?? randomUUID();
      const id = stored ?? (await this.#start(scope, fallback));
      if (scope.id === previous) scope.id = id;
    } catch (error) {
      this.#options.onError(error);
    }
    // Without the store there are no responses either, so any ID serves until the next check.
    scope.id ??= randomUUID();
  }

  async #read({ key }: Scope): Promise<string | undefined> {
    const stored = await this.#options.store.get(key);
    return stored && Buffer.from(stored.bytes).toString('latin1');
  }

  /**
   * Writes the generation of a scope that has none in the store.
   * @returns the generation, which is that of another process if it was faster
   */
  async #start(scope: Scope, id: string): Promise<string> {
    const { store } = this.#options;
    if (store.add) {
      const added = await store.add(scope.key, toBytes(id), TTL_MS);
      return added ? id : ((await this.#read(scope)) ?? id);
    }
    // Not awaited, because no request has to wait for it.
    void this.#write(scope, id);
    return id;
  }

  #write(scope: Scope, id = scope.id!): Promise<void> {
    const write = this.#tryToWrite(scope, id).finally(() => this.#writes.delete(write));
    this.#writes.add(write);
    return write;
  }

  async #tryToWrite(scope: Scope, id: string): Promise<void> {
    try {
      await this.#options.store.set(scope.key, toBytes(id), TTL_MS);
      if (scope.id === id) scope.unwritten = false;
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

function idOf([all, service]: readonly [Scope, Scope]): string {
  return `${all.id}.${service.id}`;
}

function toBytes(id: string): Uint8Array {
  return Buffer.from(id, 'latin1');
}
