/**
 * Freezes plain objects and arrays recursively, so that no reader can change the value that other readers get.
 * Leaves class instances, buffers and other exotic objects unchanged: freezing a buffer throws, and freezing a
 * Map does not protect its contents.
 * @returns `value` itself
 */
export function deepFreeze<T>(value: T): T {
  // Object.isFrozen is no reason to stop: a frozen object may contain objects that are not.
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
