import type { LeaseManager } from '../leases/lease.ts';
import type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from '../object-store.ts';

/**
 * A store that cannot create an object only if it is absent, with a lock around each creation. A process that is stopped
 * between its check and its write for longer than its lock lasts can overwrite an object.
 */
export class LockedStore implements ObjectStore {
  readonly kind: string;
  readonly #inner: ObjectStore;
  readonly #exclusive: NonNullable<LeaseManager['exclusive']>;

  /** @param exclusive runs a call while no other process runs one with the same name */
  constructor(inner: ObjectStore, exclusive: NonNullable<LeaseManager['exclusive']>) {
    this.kind = inner.kind;
    this.#inner = inner;
    this.#exclusive = exclusive;
  }

  get(key: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    return this.#inner.get(key, options);
  }

  put(key: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#inner.put(key, bytes, options);
  }

  create(key: string, bytes: Uint8Array, options?: CallOptions): Promise<boolean> {
    return this.#exclusive(key, async () => {
      if ((await this.#inner.get(key, options)) !== undefined) return false;
      await this.#inner.put(key, bytes, options);
      return true;
    });
  }

  list(prefix: string, options?: ListOptions): Promise<ObjectInfo[]> {
    return this.#inner.list(prefix, options);
  }

  delete(key: string, options?: CallOptions): Promise<void> {
    return this.#inner.delete(key, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
