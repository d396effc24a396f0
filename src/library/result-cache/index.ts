/**
 * `roundhouse/result-cache`: caches the results of functions by their arguments.
 *
 * @example
 * const lookUp = cachedResult(async (id: string) => await fetchTitle(id), { ttlS: 3600, name: 'lookUp' });
 * await lookUp('154587');
 * lookUp.invalidate('154587');
 */
export { cachedResult } from './cached-result.ts';
export { UnserialisableError } from './canonical.ts';
export {
  type CachedFunction,
  type CachedResultOptions,
  isStoredResult,
  type ResultStore,
  type StoredResult,
} from './options.ts';
