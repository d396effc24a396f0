/** Longer texts are not kept, so that a memo is bounded by bytes too. */
const MAX_CHARACTERS = 512;
const MAX_RESULTS = 1000;

/**
 * Remembers the results of a pure function of a text: up to 1,000 of them, for texts of up to 512 characters. When
 * it is full it starts again, which costs less than an order of use that each call updates.
 */
export function memoize<T>(compute: (text: string) => T): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    if (text.length > MAX_CHARACTERS) return result;
    if (results.size >= MAX_RESULTS) results.clear();
    results.set(text, result);
    return result;
  };
}
