/**
 * Freezes plain objects and arrays all the way down, so that no reader can change what the next one gets.
 * Class instances, buffers and other exotic objects are left alone: freezing a buffer throws, and
 * freezing a Map does not protect it.
 */
export function deepFreeze<T>(value: T): T {
  // Not told by isFrozen: what its owner froze may hold objects that nobody has frozen.
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (!isPlain(next) || seen.has(next)) continue;
    seen.add(next);
    Object.freeze(next);
    for (const child of Object.values(next)) {
      if (typeof child === 'object' && child !== null) pending.push(child);
    }
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
