#!/usr/bin/env node
/** The command `roundhouse-assets`: shows what an asset cache has on the disk. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AssetCache, type AssetStatus } from './asset-cache.ts';
import { formatBytes, printable } from './format.ts';
import type { AssetCacheOptions } from './options.ts';
import { describeChange } from './version-history.ts';

const USAGE = `Usage: roundhouse-assets status | versions [URL] | watch

  status     lists all entries
  versions   lists the versions of each asset, or of one
  watch      prints a line for each new version, until it is stopped

  --dir DIR          folder of the cache; default: CACHE_DIR, or roundhouse/assets in the user's folder for caches
  --namespace NAME   default: assets
  --interval S       how often \`watch\` looks, in seconds; default: 2
  --json             prints JSON, one value a line
`;

const MIN_INTERVAL_S = 0.1;
/** A longer delay than 24.8 days would fire at once. */
const MAX_INTERVAL_S = 86_400;

/** A cache, and the errors that it has reported. */
interface Reader {
  readonly cache: AssetCache;
  readonly failures: readonly unknown[];
}

const print = (line: string) => void process.stdout.write(`${line}\n`);

function describeAge(ageS: number): string {
  if (ageS < 60) return `${Math.round(ageS)} s`;
  return ageS < 3600 ? `${Math.round(ageS / 60)} min` : `${(ageS / 3600).toFixed(1)} h`;
}

function describeEntry({ version, size, ageS, fresh, url }: AssetStatus): string {
  const columns = [version || '-', formatBytes(size), describeAge(ageS), fresh ? 'fresh' : 'old'];
  return printable(`${columns.map((text, index) => text.padEnd(index === 0 ? 24 : 10)).join(' ')} ${url}`);
}

function printStatus(entries: readonly AssetStatus[], json: boolean): void {
  for (const entry of entries) print(json ? JSON.stringify(entry) : describeEntry(entry));
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (!json) print(`${entries.length} entries, ${formatBytes(bytes)}`);
}

function printVersions(entries: readonly AssetStatus[], json: boolean): void {
  for (const [asset, versions] of Object.entries(Object.groupBy(entries, (entry) => entry.asset))) {
    if (json) print(JSON.stringify({ asset, versions }));
    else print([printable(asset), ...versions!.map((entry) => `  ${describeEntry(entry)}`)].join('\n'));
  }
}

/** What is stored. Does not create the folder. @throws Error if it cannot be read */
async function list({ cache, failures }: Reader): Promise<AssetStatus[]> {
  if (!existsSync(cache.dir)) return [];
  const entries = await cache.status();
  // A folder that can only be read is listed, although its files of use cannot be written.
  if (entries.length === 0 && failures.length > 0) throw failures[0];
  return entries;
}

async function watch(reader: Reader, intervalS: number, json: boolean): Promise<void> {
  const { cache } = reader;
  const known = new Map((await list(reader)).map((entry) => [`${entry.asset} ${entry.version}`, entry]));
  print(json ? JSON.stringify({ watching: cache.dir, entries: known.size }) : `watching ${cache.dir}`);
  for (;;) {
    await delay(intervalS * 1000);
    for (const entry of (await list(reader)).reverse()) {
      const key = `${entry.asset} ${entry.version}`;
      if (known.has(key)) continue;
      const former = [...known.values()].findLast(({ asset }) => asset === entry.asset);
      known.set(key, entry);
      if (json) print(JSON.stringify(entry));
      else if (former) {
        const { asset, version, size } = entry;
        print(
          describeChange({ asset, from: former.version, to: version, fromSize: former.size, toSize: size }),
        );
      } else print(printable(`${entry.asset}: version ${entry.version} (${formatBytes(entry.size)})`));
    }
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string' },
      namespace: { type: 'string' },
      interval: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, url] = positionals;
  const intervalS = Number(values.interval);
  if (values.help) return print(USAGE.trimEnd());
  if (!(intervalS >= MIN_INTERVAL_S && intervalS <= MAX_INTERVAL_S)) {
    const range = `from ${MIN_INTERVAL_S} to ${MAX_INTERVAL_S}`;
    throw new Error(`--interval must be a number of seconds ${range}: ${values.interval}`);
  }
  const failures: unknown[] = [];
  const options: AssetCacheOptions = { log: () => {}, onError: (error) => void failures.push(error) };
  if (values.dir !== undefined) options.dir = values.dir;
  if (values.namespace !== undefined) options.namespace = values.namespace;
  await using cache = new AssetCache(options);
  const reader = { cache, failures };
  if (command === 'status') printStatus(await list(reader), values.json);
  else if (command === 'versions') {
    const all = await list(reader);
    printVersions(url === undefined ? all : await cache.versions(url), values.json);
  } else if (command === 'watch') await watch(reader, intervalS, values.json);
  else throw new Error(`unknown command: ${command ?? '(none)'}\n\n${USAGE.trimEnd()}`);
}

// The reader of a pipe has ended, such as `head`.
process.stdout.on('error', () => process.exit());

main().catch((error: Error) => {
  process.stderr.write(`roundhouse-assets: ${error.message}\n`);
  process.exitCode = 1;
});
