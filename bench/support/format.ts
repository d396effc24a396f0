import type { Finding, Measure, Target, Unit } from './measure.ts';
import { verdictOf } from './measure.ts';
import { spreadOf } from './statistics.ts';

/** Cells of a row of the table: what, target, measured, verdict. */
export type Cells = readonly [string, string, string, string];

/** Column headings. */
export const HEADINGS: Cells = ['What', 'Target', 'Measured: median (min to max)', 'Verdict'];

/** The table row of a finding. */
export function cellsOf(finding: Finding): Cells {
  if ('missing' in finding) return [finding.what, '', `not measured: ${finding.missing}`, ''];
  return [finding.what, targetText(finding), spreadText(finding), verdictOf(finding) ?? ''];
}

function targetText({ target, unit }: Measure): string {
  if (target === null) return '';
  return `${SIGNS[target.bound]} ${figure(target.value, unit)}${target.judged === 'worst' ? ', each round' : ''}`;
}

const SIGNS: Readonly<Record<Target['bound'], string>> = { 'at least': '≥', 'at most': '≤' };

function spreadText({ rounds, unit }: Measure): string {
  const { median, min, max } = spreadOf(rounds);
  const count = rounds.length === 1 ? '1 round' : `${rounds.length} rounds`;
  return `${figure(median, unit)} (${number(min)} to ${figure(max, unit)}, ${count})`;
}

function figure(value: number, unit: Unit): string {
  return unit === 'count' ? number(value) : `${number(value)} ${unit}`;
}

/** Three significant digits; a benchmark is not more precise. */
function number(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}
