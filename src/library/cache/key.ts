import { createHash } from 'node:crypto';

/**
 * Builds a cache key `<prefix>:<name>` or, with arguments, `<prefix>:<name>:<hash>`.
 *
 * Arguments are hashed as canonical JSON (object properties sorted), so equal arguments give equal keys. `:` and
 * `%` in prefix and name are percent-encoded. No choice of arguments or names can collide with another through a
 * delimiter.
 *
 * @param args JSON-serializable values
 */
export function cacheKey(prefix: string, name: string, ...args: readonly unknown[]): string {
  const base = `${escapePart(prefix)}:${escapePart(name)}`;
  if (args.length === 0) return base;
  const hash = createHash('sha256').update(JSON.stringify(args, sortProperties)).digest('hex').slice(0, 16);
  return `${base}:${hash}`;
}

function escapePart(part: string): string {
  return part.replace(/[:%]/g, encodeURIComponent);
}

function sortProperties(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
