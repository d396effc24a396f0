/** More classes than the project has; a flood of new ones would be a fault, and must not become a flood of series. */
const MAX_CLASSES = 32;
const OTHER = 'other';

/**
 * Sorts cache keys into classes: a key without the hash of its arguments, as in `stats:engine` for
 * `stats:engine:0f3c…`. There are at most 32 classes and `other`, into which every further one falls.
 */
export function createKeyClasses(): (key: string) => string {
  const known = new Set<string>();
  return (key) => {
    const [prefix = '', name] = key.split(':', 2);
    if (name === undefined) return OTHER;
    const keyClass = `${prefix}:${name}`;
    if (known.size < MAX_CLASSES) known.add(keyClass);
    return known.has(keyClass) ? keyClass : OTHER;
  };
}
