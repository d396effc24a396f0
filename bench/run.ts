import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './row.ts';
import { cachedHttp } from './rows/cached-http.ts';
import { engineHealth } from './rows/engine-health.ts';
import { expiry } from './rows/expiry.ts';
import { firstRead } from './rows/first-read.ts';
import { hits } from './rows/hits.ts';
import { httpCache } from './rows/http-cache.ts';
import { outsideKill } from './rows/outside-kill.ts';
import { outsideStart } from './rows/outside-start.ts';
import { sharedHits } from './rows/shared-hits.ts';
import { sharedHung } from './rows/shared-hung.ts';
import { sharedStampede } from './rows/shared-stampede.ts';
import { streamEvents } from './rows/stream-events.ts';
import { sweep } from './rows/sweep.ts';
import { vpnHealth } from './rows/vpn-health.ts';
import { Cleanup } from './support/cleanup.ts';
import { type BenchDocker, openDocker } from './support/docker.ts';
import { describeMachine } from './support/machine.ts';
import { type RowResult, toMarkdown, writeResults } from './support/results.ts';

const USAGE = `npm run bench [-- [--quick] [row …]]

Measures Roundhouse beside its peers. A run of all rows is written to bench/results.
  --quick   tiny rounds, to test the code; the figures mean nothing and are not written
`;
const DEADLINE_MS = 12 * 60_000;

/** From a change to right answers. */
const CHANGES: readonly Row[] = [outsideKill, outsideStart, engineHealth, streamEvents, vpnHealth];
/** Over Redis. */
const SHARED: readonly Row[] = [sharedHits, sharedStampede, sharedHung, httpCache];
/** In the order of the table. */
const TABLE: readonly Row[] = [cachedHttp, firstRead, expiry, ...CHANGES, hits, ...SHARED, sweep];
/** In-process rows come first, and the one that counts nanoseconds before all: it wants code nobody used. */
const ORDER: readonly Row[] = [hits, expiry, sweep, ...SHARED, cachedHttp, firstRead, ...CHANGES];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !TABLE.some((row) => row.name === name));
if (unknown.length > 0) {
  const names = TABLE.map(({ name }) => name).join(', ');
  process.stderr.write(`${USAGE}\nNo such row: ${unknown.join(', ')}. Rows: ${names}\n`);
  process.exit(2);
}

const cleanup = new Cleanup();
let interrupted = false;
process.once('SIGINT', () => void stop(130, 'interrupted'));
process.once('SIGTERM', () => void stop(143, 'interrupted'));
setTimeout(() => void stop(1, `not done within ${DEADLINE_MS / 60_000} minutes`), DEADLINE_MS).unref();

const results = await runRows(ORDER.filter(isWanted), values.quick);
await cleanup.run();
const machine = await describeMachine();
const ordered = TABLE.flatMap((row) => results.get(row) ?? []);
process.stdout.write(`\n${toMarkdown(machine, ordered)}`);
if (values.quick) process.stdout.write('\nA quick run: the figures mean nothing.\n');
else if (positionals.length === 0) {
  await writeResults(join(import.meta.dirname, 'results'), machine, ordered);
}
process.exit(ordered.some((result) => 'failed' in result) ? 1 : 0);

function isWanted({ name }: Row): boolean {
  return positionals.length === 0 || positionals.includes(name);
}

async function runRows(rows: readonly Row[], quick: boolean): Promise<Map<Row, RowResult>> {
  // Registered before any row, so that the daemon outlasts what rows have to clear away in it.
  const daemonCleanup = new Cleanup();
  cleanup.add(() => daemonCleanup.run());
  let shared: Promise<BenchDocker> | undefined;
  const docker = () => {
    shared ??= openDocker(daemonCleanup);
    return shared;
  };
  const results = new Map<Row, RowResult>();
  for (const row of rows) {
    if (interrupted) break;
    process.stderr.write(`${row.name} …\n`);
    const begun = performance.now();
    results.set(row, await runRow(row, { quick, docker }));
    process.stderr.write(`${row.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  }
  return results;
}

/** Runs a row, and ends what it has started before the next one is measured. */
async function runRow(row: Row, parts: Omit<Bench, 'cleanup'>): Promise<RowResult> {
  const { name, title } = row;
  const own = new Cleanup();
  const end = cleanup.add(() => own.run());
  try {
    return { name, title, findings: await row.run({ ...parts, cleanup: own }) };
  } catch (error) {
    return { name, title, failed: (error as Error).message };
  } finally {
    await end();
  }
}

async function stop(code: number, why: string): Promise<void> {
  interrupted = true;
  process.stderr.write(`${why}: cleaning up\n`);
  await cleanup.run();
  process.exit(code);
}
