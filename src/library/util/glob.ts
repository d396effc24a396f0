/** True if `pattern` holds a wildcard, that is, can match more than the one key it spells. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/**
 * Matches a whole key against a glob: `*` stands for any run of characters, `?` for any one.
 *
 * Runs in O(pattern × text) at worst and needs no stack: on a mismatch only the latest `*` is tried again
 * one character further on, because an earlier `*` can gain nothing that the latest could not. A
 * translation into a regular expression would backtrack exponentially on `*a*a*a*b`.
 */
export function matchGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (wanted === '?' || wanted === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      resume += 1;
      t = resume;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
