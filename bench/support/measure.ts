import { type Spread, spreadOf } from './statistics.ts';

/** Unit of a measure. `count` is written without a unit. */
export type Unit = '×' | 'ms' | 'ns' | 'kB' | 'requests/s' | '%' | 'count';

/** A target value. `judged` selects what is compared with it: the worst round or the median. */
export interface Target {
  bound: 'at least' | 'at most';
  value: number;
  judged: 'median' | 'worst';
}

/** One measured quantity, with the values of all rounds. */
export interface Measure {
  what: string;
  unit: Unit;
  target: Target | null;
  rounds: readonly number[];
}

/** A quantity that could not be measured on this machine. */
export interface Missing {
  what: string;
  /** The reason. */
  missing: string;
}

/** One line of the results. */
export type Finding = Measure | Missing;

/** Whether a target was reached. */
export type Verdict = 'met' | 'missed';

/** A lower bound, compared with the median by default. */
export function atLeast(value: number, judged: Target['judged'] = 'median'): Target {
  return { bound: 'at least', value, judged };
}

/** An upper bound, compared with the worst round by default. */
export function atMost(value: number, judged: Target['judged'] = 'worst'): Target {
  return { bound: 'at most', value, judged };
}

/** Whether a measure reached its target; null if it has no target. */
export function verdictOf({ target, rounds }: Measure): Verdict | null {
  if (target === null) return null;
  const figure = judgedFigure(target, spreadOf(rounds));
  const reached = target.bound === 'at least' ? figure >= target.value : figure <= target.value;
  return reached ? 'met' : 'missed';
}

function judgedFigure(target: Target, spread: Spread): number {
  if (target.judged === 'median') return spread.median;
  return target.bound === 'at least' ? spread.min : spread.max;
}
