import { type Spread, spreadOf } from './statistics.ts';

/** `count` is written as a bare number. */
export type Unit = '×' | 'ms' | 'ns' | 'requests/s' | 'count';

/** A figure to reach. `worst` judges the worst round, `median` the middle one. */
export interface Target {
  bound: 'at least' | 'at most';
  value: number;
  judged: 'median' | 'worst';
}

/** One thing measured, round by round. */
export interface Measure {
  what: string;
  unit: Unit;
  target: Target | null;
  rounds: readonly number[];
}

/** Something that this machine does not let us measure, and why. */
export interface Missing {
  what: string;
  missing: string;
}

export type Finding = Measure | Missing;

export type Verdict = 'met' | 'missed';

export function atLeast(value: number, judged: Target['judged'] = 'median'): Target {
  return { bound: 'at least', value, judged };
}

export function atMost(value: number, judged: Target['judged'] = 'worst'): Target {
  return { bound: 'at most', value, judged };
}

/** Whether a measure reached its target; null where it has none. */
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
