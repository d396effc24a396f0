/**
 * Freezes plain objects and arrays recursively, so that no reader can change the value that other readers get.
 * Leaves class instances, buffers and other exotic objects unchanged: freezing a buffer throws, and freezing a
 * Map does not protect its contents.
 * @returns `value` itself
 */
export function deepFreeze<T>(value: T): T {
  if (!isPlain(value)) return value;
  const pending: unknown[] = [];
  freezeOne(value, pending);
  if (pending.length === 0) return value;
  // Object.isFrozen is no reason to stop: a frozen object may contain objects that are not.
  const seen = new Set<object>([value]);
  while (pending.length > 0) {
    const next = pending.pop();
    if (!isPlain(next) || seen.has(next)) continue;
    seen.add(next);
    freezeOne(next, pending);
  }
  return value;
}

/** Freezes one object and adds the objects that it contains to `pending`. */
function freezeOne(object: object, pending: unknown[]): void {
  Object.freeze(object);
  for (const child of Object.values(object)) {
    if (typeof child === 'object' && child !== null) pending.push(child);
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
