/** Whether a key fits a pattern with `*` and `?`, in linear time for each `*`. */
export function matchesGlob(pattern: string, key: string): boolean {
  let [p, k, star, mark] = [0, 0, -1, 0];
  while (k < key.length) {
    if (pattern[p] === '*') {
      star = p;
      p += 1;
      mark = k;
    } else if (pattern[p] === '?' || pattern[p] === key[k]) {
      p += 1;
      k += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      k = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
