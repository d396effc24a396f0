/** What repeated rounds of one measurement came to. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** @throws RangeError for no values, or one that is not a finite number: it must not pass for a figure. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [min, max, upper] = [sorted[0], sorted.at(-1), sorted[middle]];
  if (min === undefined || max === undefined || upper === undefined) throw new RangeError('no round was run');
  if (!values.every(Number.isFinite)) throw new RangeError(`not a figure: ${values.join(', ')}`);
  const lower = sorted.length % 2 === 0 ? sorted[middle - 1]! : upper;
  return { median: (lower + upper) / 2, min, max };
}

/**
 * Ours ÷ theirs, round by round: what slows the machine for a while slows both sides of a round, and leaves
 * its ratio alone.
 * @throws RangeError where the rounds do not pair up, or a peer has a zero.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new RangeError(`${ours.length} rounds do not pair up with ${theirs.length}`);
  }
  return ours.map((value, round) => {
    const other = theirs[round]!;
    if (other === 0) throw new RangeError(`round ${round + 1} has nothing to compare with`);
    return value / other;
  });
}
