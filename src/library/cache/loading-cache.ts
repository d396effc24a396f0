import type { Cache } from './cache.ts';

/** What a cache offers to those who use it, whether it is shared with other processes or not. */
export type LoadingCache<V = unknown> = Pick<
  Cache<V>,
  | 'get'
  | 'peek'
  | 'set'
  | 'delete'
  | 'clear'
  | 'invalidate'
  | 'getOrLoad'
  | 'read'
  | 'stats'
  | 'totals'
  | 'sweep'
  | 'close'
>;
