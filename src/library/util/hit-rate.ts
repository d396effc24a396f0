/** Returns hits in percent of all reads, rounded to two decimals; 0 without reads. */
export function hitRate(hits: number, misses: number): number {
  const reads = hits + misses;
  return reads === 0 ? 0 : Math.round((hits / reads) * 10_000) / 100;
}
