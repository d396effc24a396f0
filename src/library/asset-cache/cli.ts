#!/usr/bin/env node
/** The command `roundhouse-assets`: shows what an asset cache has on the disk. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AssetCache, type AssetStatus } from './asset-cache.ts';
import { formatBytes } from './format.ts';
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

const print = (line: string) => void process.stdout.write(`${line}\n`);

function describeAge(ageS: number): string {
  if (ageS < 60) return `${Math.round(ageS)} s`;
  return ageS < 3600 ? `${Math.round(ageS / 60)} min` : `${(ageS / 3600).toFixed(1)} h`;
}

function describeEntry({ version, size, ageS, fresh, url }: AssetStatus): string {
  const columns = [version || '-', formatBytes(size), describeAge(ageS), fresh ? 'fresh' : 'old'];
  return `${columns.map((text, index) => text.padEnd(index === 0 ? 24 : 10)).join(' ')} ${url}`;
}

function printStatus(entries: readonly AssetStatus[], json: boolean): void {
  for (const entry of entries) print(json ? JSON.stringify(entry) : describeEntry(entry));
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (!json) print(`${entries.length} entries, ${formatBytes(bytes)}`);
}

function printVersions(entries: readonly AssetStatus[], json: boolean): void {
  for (const [asset, versions] of Object.entries(Object.groupBy(entries, (entry) => entry.asset))) {
    if (json) print(JSON.stringify({ asset, versions }));
    else print([asset, ...versions!.map((entry) => `  ${describeEntry(entry)}`)].join('\n'));
  }
}

async function watch(cache: AssetCache, intervalS: number, json: boolean): Promise<void> {
  const known = new Map((await cache.status()).map((entry) => [`${entry.asset} ${entry.version}`, entry]));
  print(json ? JSON.stringify({ watching: cache.dir, entries: known.size }) : `watching ${cache.dir}`);
  for (;;) {
    await delay(intervalS * 1000);
    for (const entry of (await cache.status()).reverse()) {
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
      } else print(`${entry.asset}: version ${entry.version} (${formatBytes(entry.size)})`);
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
  if (!(intervalS > 0)) throw new Error(`--interval must be a number of seconds: ${values.interval}`);
  const options: AssetCacheOptions = {
    onError: (error) => {
      throw error;
    },
  };
  if (values.dir !== undefined) options.dir = values.dir;
  if (values.namespace !== undefined) options.namespace = values.namespace;
  await using cache = new AssetCache(options);
  if (command === 'status') printStatus(await cache.status(), values.json);
  else if (command === 'versions') {
    printVersions(url === undefined ? await cache.status() : await cache.versions(url), values.json);
  } else if (command === 'watch') await watch(cache, intervalS, values.json);
  else throw new Error(`unknown command: ${command ?? '(none)'}\n\n${USAGE.trimEnd()}`);
}

main().catch((error: Error) => {
  process.stderr.write(`roundhouse-assets: ${error.message}\n`);
  process.exitCode = 1;
});
