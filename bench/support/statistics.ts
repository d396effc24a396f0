/** Summary of the rounds of a measurement. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/**
 * Summarises values.
 * @throws RangeError if there are no values or one is not finite
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [min, max, upper] = [sorted[0], sorted.at(-1), sorted[middle]];
  if (min === undefined || max === undefined || upper === undefined) throw new RangeError('no values');
  if (!values.every(Number.isFinite)) throw new RangeError(`not all values are finite: ${values.join(', ')}`);
  const lower = sorted.length % 2 === 0 ? sorted[middle - 1]! : upper;
  return { median: (lower + upper) / 2, min, max };
}

/**
 * Ours ÷ theirs, round by round. Anything that slows down the machine for a while affects both values of a
 * round, but hardly their ratio.
 * @throws RangeError if the number of rounds differs or a value of the peer is 0
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new RangeError(`cannot compare ${ours.length} rounds with ${theirs.length}`);
  }
  return ours.map((value, round) => {
    const other = theirs[round]!;
    if (other === 0) throw new RangeError(`the peer's value of round ${round + 1} is 0`);
    return value / other;
  });
}
