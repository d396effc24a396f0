import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './row.ts';
import { appStart } from './rows/app-start.ts';
import { assets } from './rows/assets.ts';
import { cachedHttp } from './rows/cached-http.ts';
import { engineHealth } from './rows/engine-health.ts';
import { expiry } from './rows/expiry.ts';
import { firstRead } from './rows/first-read.ts';
import { gatewayHits } from './rows/gateway-hits.ts';
import { gatewayPyodide } from './rows/gateway-pyodide.ts';
import { hits } from './rows/hits.ts';
import { httpCache } from './rows/http-cache.ts';
import { outsideKill } from './rows/outside-kill.ts';
import { outsideStart } from './rows/outside-start.ts';
import { profiles } from './rows/profiles.ts';
import { resultHits } from './rows/result-hits.ts';
import { sharedHits } from './rows/shared-hits.ts';
import { sharedHung } from './rows/shared-hung.ts';
import { sharedStampede } from './rows/shared-stampede.ts';
import { streamEvents } from './rows/stream-events.ts';
import { swarmNodes } from './rows/swarm-nodes.ts';
import { swarmScale } from './rows/swarm-scale.ts';
import { sweep } from './rows/sweep.ts';
import { vpnHealth } from './rows/vpn-health.ts';
import { Cleanup } from './support/cleanup.ts';
import { type BenchDocker, openDocker } from './support/docker.ts';
import { describeMachine } from './support/machine.ts';
import { type RowResult, toMarkdown, writeResults } from './support/results.ts';

const USAGE = `npm run bench [-- [--quick] [row …]]

Measures Roundhouse and comparable libraries. A run of all rows is written to bench/results.
  --quick   short rounds, to test the code; the figures are meaningless and not written
`;
const TIMEOUT_MS = 25 * 60_000;

/** Time from a change to correct responses. */
const CHANGES: readonly Row[] = [outsideKill, outsideStart, engineHealth, streamEvents, vpnHealth];
/** Engines on several machines. */
const SWARM: readonly Row[] = [swarmNodes, swarmScale];
/** With Redis. */
const REDIS: readonly Row[] = [sharedHits, sharedStampede, sharedHung, httpCache];
/** In Chromium. */
const BROWSER: readonly Row[] = [gatewayHits, gatewayPyodide, appStart];
/** In the order of the results. */
const TABLE: readonly Row[] = [
  cachedHttp,
  firstRead,
  expiry,
  ...CHANGES,
  ...SWARM,
  hits,
  resultHits,
  ...REDIS,
  assets,
  ...BROWSER,
  profiles,
  sweep,
];
/**
 * In-process rows run first, and first of all the one that measures nanoseconds: it needs code not yet
 * optimised for others.
 */
const ORDER: readonly Row[] = [
  hits,
  resultHits,
  expiry,
  sweep,
  assets,
  profiles,
  ...REDIS,
  ...BROWSER,
  cachedHttp,
  firstRead,
  ...CHANGES,
  ...SWARM,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !TABLE.some((row) => row.name === name));
if (unknown.length > 0) {
  const names = TABLE.map(({ name }) => name).join(', ');
  process.stderr.write(`${USAGE}\nUnknown row: ${unknown.join(', ')}. Rows: ${names}\n`);
  process.exit(2);
}

const cleanup = new Cleanup();
let interrupted = false;
process.once('SIGINT', () => void stop(130, 'interrupted'));
process.once('SIGTERM', () => void stop(143, 'interrupted'));
setTimeout(() => void stop(1, `timed out after ${TIMEOUT_MS / 60_000} minutes`), TIMEOUT_MS).unref();

const results = await runRows(ORDER.filter(isSelected), values.quick);
await cleanup.run();
const machine = await describeMachine();
const ordered = TABLE.flatMap((row) => results.get(row) ?? []);
process.stdout.write(`\n${toMarkdown(machine, ordered)}`);
if (values.quick) process.stdout.write('\nQuick run: the figures are meaningless.\n');
else if (positionals.length === 0) {
  await writeResults(join(import.meta.dirname, 'results'), machine, ordered);
}
process.exit(ordered.some((result) => 'failed' in result) ? 1 : 0);

function isSelected({ name }: Row): boolean {
  return positionals.length === 0 || positionals.includes(name);
}

async function runRows(rows: readonly Row[], quick: boolean): Promise<Map<Row, RowResult>> {
  // Added before any row's tasks, so that the daemon stops after the rows have removed their containers.
  const daemonCleanup = new Cleanup();
  cleanup.add(() => daemonCleanup.run());
  let daemon: Promise<BenchDocker> | undefined;
  const docker = () => {
    daemon ??= openDocker(daemonCleanup);
    return daemon;
  };
  const results = new Map<Row, RowResult>();
  for (const row of rows) {
    if (interrupted) break;
    process.stderr.write(`${row.name} …\n`);
    const startedAt = performance.now();
    results.set(row, await runRow(row, { quick, docker }));
    process.stderr.write(`${row.name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  }
  return results;
}

/** Runs a row and stops everything it has started before the next row. */
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

async function stop(code: number, reason: string): Promise<void> {
  interrupted = true;
  process.stderr.write(`${reason}: cleaning up\n`);
  await cleanup.run();
  process.exit(code);
}
