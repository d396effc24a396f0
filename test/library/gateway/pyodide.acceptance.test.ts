import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import {
  type LaneMode,
  type LaneStats,
  openGateway,
  WEB_PYTHON_RULES,
} from '../../../src/library/gateway/index.ts';
import { despiteNetworkChanges, type NetworkChanges } from '../../support/browser/network-changes.ts';
import { PYODIDE_FILES, PYODIDE_HOSTS, PYODIDE_PAGE, startPyodideSite } from './pyodide-site.ts';
import { TEST_CA } from './support.ts';

const provided = inject('chromium');
const START_TIMEOUT_MS = 60_000;

/** A start of the page in a new browser, with a new gateway. */
interface Start {
  dir: string;
  mode: LaneMode;
  port: number;
}

/** @returns figures of the lane, and what was missing */
async function start({ dir, mode, port }: Start, changes: NetworkChanges): Promise<[LaneStats, string[]]> {
  await using gateway = await openGateway({ dir, trust: [TEST_CA.cert] });
  const lane = await gateway.openLane({
    namespace: 'python',
    mode,
    resolve: Object.fromEntries(PYODIDE_HOSTS.map((host) => [host, `127.0.0.1:${port}`])),
    allow: PYODIDE_HOSTS,
    rules: [...WEB_PYTHON_RULES, { match: PYODIDE_PAGE, force: true }],
  });
  const browser = await chromium.launch({
    executablePath: (provided as { path: string }).path,
    args: ['--no-sandbox', ...gateway.launchOptions.args],
  });
  try {
    const context = await browser.newContext(lane.contextOptions);
    changes.watch(context);
    const page = await context.newPage();
    await page.goto(PYODIDE_PAGE);
    const result = page.waitForFunction('globalThis.result', null, { timeout: START_TIMEOUT_MS });
    expect(await (await changes.race(result)).jsonValue()).toBe('10');
  } finally {
    await browser.close();
  }
  return [lane.stats(), lane.misses()];
}

describe.skipIf('missing' in provided)('a page with Pyodide', () => {
  test('starts the second time with 0 bytes from the origin, and offline with the origin stopped', () =>
    despiteNetworkChanges(async (changes) => {
      const dir = await mkdtemp(join(tmpdir(), 'roundhouse-pyodide-'));
      await using site = await startPyodideSite({ bytesPerS: 2_500_000, latencyMs: 50 });
      try {
        const [cold] = await start({ dir, mode: 'record', port: site.port }, changes);
        const files = site.paths().map((path) => path.slice(path.lastIndexOf('/') + 1));
        expect(files.sort()).toEqual(['', ...PYODIDE_FILES]);
        expect(cold).toMatchObject({ hits: 0, failures: 0 });
        expect(cold.bytesFromUpstream).toBeGreaterThan(13_000_000);

        const [warm] = await start({ dir, mode: 'record', port: site.port }, changes);
        expect(site.requests).toHaveLength(files.length);
        expect(warm.byHost['cdn.jsdelivr.net']).toMatchObject({
          hits: PYODIDE_FILES.length,
          misses: 0,
          bytesFromUpstream: 0,
        });
        // The wasm has 9.6 MB; text is stored and sent compressed.
        expect(warm.bytesSaved).toBeGreaterThan(12_000_000);

        await site.close();
        const [offline, missing] = await start({ dir, mode: 'offline', port: site.port }, changes);
        expect(offline).toMatchObject({ hits: files.length, misses: 0, bytesFromUpstream: 0, failures: 0 });
        expect(missing.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([]);
      } finally {
        await rm(dir, { recursive: true });
      }
    }));
});
