const OBJECT_BYTES = 32;
const SLOT_BYTES = 8;

/**
 * Estimates the heap memory of a value in bytes: 2 for each character, 8 for each number or slot, the length of a
 * buffer, and 32 for each object. Visits what `JSON.stringify` would, and the members of Maps and Sets; a shared
 * object counts once.
 */
export function estimateBytes(value: unknown): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let bytes = 0;
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'string') bytes += next.length * 2;
    else if (typeof next !== 'object' || next === null) bytes += SLOT_BYTES;
    else if (!seen.has(next)) {
      seen.add(next);
      bytes += OBJECT_BYTES;
      if (ArrayBuffer.isView(next)) bytes += next.byteLength;
      else if (next instanceof ArrayBuffer) bytes += next.byteLength;
      else if (next instanceof Map || next instanceof Set) for (const member of next) pending.push(member);
      else bytes += pushProperties(next, pending);
    }
  }
  return bytes;
}

function pushProperties(object: object, pending: unknown[]): number {
  let bytes = 0;
  for (const [name, child] of Object.entries(object)) {
    bytes += SLOT_BYTES + (Array.isArray(object) ? 0 : name.length);
    pending.push(child);
  }
  return bytes;
}
