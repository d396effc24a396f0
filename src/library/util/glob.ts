/** Returns whether `pattern` contains a wildcard, `*` or `?`. Without one it matches only itself. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/**
 * Matches the whole of `text` against a glob: `*` matches any number of characters, `?` exactly one.
 *
 * Takes O(pattern × text) time in the worst case and constant space. On a mismatch only the latest `*` is
 * extended by one character: extending an earlier one cannot lead to a match that extending the latest misses.
 * A translation to a regular expression would backtrack exponentially on `*a*a*a*b`.
 */
export function matchGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let starEnd = 0;
  while (t < text.length) {
    const expected = pattern[p];
    if (expected === '*') {
      starAt = p;
      starEnd = t;
      p += 1;
    } else if (expected === '?' || expected === text[t]) {
      p += 1;
      t += 1;
    } else if (starAt >= 0) {
      starEnd += 1;
      t = starEnd;
      p = starAt + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
