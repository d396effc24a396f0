import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cells, cellsOf, HEADINGS } from './format.ts';
import type { Machine } from './machine.ts';
import { type Finding, verdictOf } from './measure.ts';
import { spreadOf } from './statistics.ts';

/** Findings of a row, or the reason why it could not run. */
export type RowResult = { name: string; title: string } & ({ findings: Finding[] } | { failed: string });

/** Writes `latest.json`, with the values of all rounds, and `latest.md`. */
export async function writeResults(
  folder: string,
  machine: Machine,
  rows: readonly RowResult[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'latest.json'),
    `${JSON.stringify({ machine, rows: rows.map(toJson) }, null, 2)}\n`,
  );
  await writeFile(join(folder, 'latest.md'), toMarkdown(machine, rows));
}

/** The results as Markdown tables. */
export function toMarkdown(machine: Machine, rows: readonly RowResult[]): string {
  const where =
    `Measured on ${machine.date.slice(0, 10)} with Node ${machine.node.slice(1)} at commit ` +
    `${machine.commit.slice(0, 12)}${machine.modified ? ' with local changes' : ''}: ${machine.cpu}, ` +
    `${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}.`;
  const tables = rows.map(({ title, ...result }) => {
    const lines = 'failed' in result ? [`Could not run: ${result.failed}`] : tableOf(result.findings);
    return [`### ${title}`, '', ...lines].join('\n');
  });
  return `${[where, ...tables].join('\n\n')}\n`;
}

function tableOf(findings: readonly Finding[]): string[] {
  const line = (cells: Cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(HEADINGS), '|---|---|---|---|', ...findings.map((finding) => line(cellsOf(finding)))];
}

function toJson(row: RowResult): object {
  if ('failed' in row) return row;
  const findings = row.findings.map((finding) =>
    'missing' in finding ? finding : { ...finding, ...spreadOf(finding.rounds), verdict: verdictOf(finding) },
  );
  return { ...row, findings };
}
