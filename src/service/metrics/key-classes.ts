/** More than the service has. Bounds the number of series, should keys of unexpected classes appear. */
const MAX_CLASSES = 32;
const OTHER = 'other';

/**
 * Returns a function that maps a cache key to its class: the key without the hash of its arguments, such as
 * `stats:engine` for `stats:engine:0f3c…`. After 32 classes, keys of any further class map to `other`.
 */
export function createKeyClasses(): (key: string) => string {
  const classes = new Set<string>();
  return (key) => {
    const [prefix = '', name] = key.split(':', 2);
    if (name === undefined) return OTHER;
    const keyClass = `${prefix}:${name}`;
    if (classes.size < MAX_CLASSES) classes.add(keyClass);
    return classes.has(keyClass) ? keyClass : OTHER;
  };
}
