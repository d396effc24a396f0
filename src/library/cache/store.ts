/** What a store keeps for a key. Times are readings of the cache's clock, in milliseconds. */
export interface Entry<V> {
  readonly key: string;
  readonly value: V;
  /** Estimated memory held by key, value and bookkeeping. */
  readonly bytes: number;
  readonly storedAt: number;
  /** When its source gave the value: before `storedAt`, if another tier kept it in between. */
  readonly bornAt: number;
  readonly expiresAt: number;
  /** Until when the value may stand in for a load that fails; at least `expiresAt`. */
  readonly usableUntil: number;
  /** When a reader last asked for this key: what "watched" is judged by. */
  lastReadAt: number;
  /** The value is known to be out of date: it serves only where loading anew fails. */
  invalidated: boolean;
  /** Set while loads fail: before this time the value is served without trying again. */
  retryAt: number | undefined;
  /** Cancels the background refresh of this entry; set as long as one is due or under way. */
  cancelRefresh: (() => void) | undefined;
}

/** Where entries live. Implementations bound themselves and report what they had to give up. */
export interface Store<V> {
  /** Entries held, whatever their age. */
  readonly size: number;
  /** Sum of the held entries' `bytes`. */
  readonly bytes: number;
  /** Looks an entry up and notes that it was used. */
  get(key: string): Entry<V> | undefined;
  /** Looks an entry up without counting as a use. */
  peek(key: string): Entry<V> | undefined;
  /** Keeps an entry, in place of one of the same key; returns the entries evicted to make room. */
  set(entry: Entry<V>): Entry<V>[];
  delete(key: string): Entry<V> | undefined;
  /** All entries, oldest first. The iterator stays valid while entries are added and removed. */
  entries(): IterableIterator<Entry<V>>;
}
