/** An object in a listing. */
export interface ObjectInfo {
  /** Key of the object. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** When it was last written, by the store's own clock, in milliseconds. Only differences are meaningful. */
  readonly modifiedMs: number;
}

/** Options of every call of an {@link ObjectStore}. */
export interface CallOptions {
  /** Aborts the call. */
  readonly signal?: AbortSignal;
}

/** Options of {@link ObjectStore.list}. */
export interface ListOptions extends CallOptions {
  /** Only keys after this one, in byte order. */
  readonly after?: string;
}

/**
 * A store of objects: what a driver implements. Keys are ASCII names separated by "/".
 *
 * A call that fails rejects. It never resolves with less than the store contains: a missing object and an empty
 * listing are results only if the store says so.
 */
export interface ObjectStore extends AsyncDisposable {
  /** Name of the driver, for messages. */
  readonly kind: string;
  /** Reads an object. Resolves with undefined if it does not exist. */
  get(key: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** Writes an object and replaces any previous one. Readers see the old bytes or the new ones, never a part. */
  put(key: string, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /**
   * Writes an object only if there is none with this key, atomically for all writers.
   * @returns whether this call has created it
   */
  create(key: string, bytes: Uint8Array, options?: CallOptions): Promise<boolean>;
  /** Lists all objects whose keys start with `prefix`, in byte order of their keys, however many there are. */
  list(prefix: string, options?: ListOptions): Promise<ObjectInfo[]>;
  /** Deletes an object. Does nothing if it does not exist. */
  delete(key: string, options?: CallOptions): Promise<void>;
}
