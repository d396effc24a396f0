import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { createSystemClock } from '../../src/library/cache/index.ts';
import { BrowserApps } from '../../src/service/browser/browser-apps.ts';
import { EventBus } from '../../src/service/events/events.ts';
import type { Bench, Row } from '../row.ts';
import { chromiumPath } from '../support/chromium.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { ratios } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const SCRIPTS = 20;
const SCRIPT_BYTES = 100_000;
const LATENCY_MS = 50;
const KEY = { workspace: 'bench', appId: 'page' };

export const appStart: Row = {
  name: 'app-start',
  title: `Start of a browser app: a page with ${SCRIPTS} scripts of ${SCRIPT_BYTES / 1000} kB, ${LATENCY_MS} ms each`,
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const origin = await startPage(cleanup);
    const executablePath = await chromiumPath();
    const apps = await openApps(cleanup, executablePath, origin.url);
    await apps.install({
      ...{ workspace: KEY.workspace, app_id: KEY.appId },
      manifest: { type: 'web-app', name: 'page', url: origin.url, cache_routes: [`${origin.url}*`] },
    });
    const start = async (profile: string | null) => {
      const startedAt = performance.now();
      const { session } = await apps.start(KEY, { profile });
      const time = performance.now() - startedAt;
      // The last session of the workspace, so that Chromium ends with it, and the next start launches it.
      await apps.stop(session.id);
      return time;
    };
    const bare = async () => {
      const startedAt = performance.now();
      const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
      const page = await browser.newPage();
      await page.goto(origin.url, { waitUntil: 'load' });
      const time = performance.now() - startedAt;
      await browser.close();
      return time;
    };
    const times = { bare: [], cold: [], warm: [], profile: [] } as Record<string, number[]>;
    const requests: number[] = [];
    // Loads the code, creates the profile and fills the disk's cache of Chromium's files.
    await bare();
    await start('bench');
    for (let round = 0; round < (quick ? 1 : 9); round += 1) {
      times.bare!.push(await bare());
      await apps.clearAppCache(KEY.workspace, KEY.appId);
      times.cold!.push(await start(null));
      const before = origin.requests();
      times.warm!.push(await start(null));
      times.profile!.push(await start('bench'));
      requests.push(origin.requests() - before);
    }
    const time = (what: string, rounds: number[]): Finding => ({ what, unit: 'ms', target: null, rounds });
    const ratio = (what: string, rounds: number[]): Finding => ({
      ...{ what, unit: '×', target: null },
      rounds: ratios(rounds, times.bare!),
    });
    return [
      time('chromium.launch and load of the page', times.bare!),
      time('app, cold', times.cold!),
      time('app, warm', times.warm!),
      time('app, warm, with a profile', times.profile!),
      ratio('app, cold ÷ launch and load', times.cold!),
      ratio('app, warm ÷ launch and load', times.warm!),
      ratio('app, warm, with a profile ÷ launch and load', times.profile!),
      { what: 'requests to the origin of warm starts', unit: 'count', target: atMost(0), rounds: requests },
    ];
  },
};

async function openApps(cleanup: Cleanup, chromiumPath: string, url: string): Promise<BrowserApps> {
  const clock = createSystemClock();
  const dataDir = await temporaryFolder(cleanup);
  const onError = (error: unknown) => process.stderr.write(`${error}\n`);
  const apps = new BrowserApps({
    ...{ dataDir, clock, onError, bus: new EventBus(), maxSessions: 2, queueTimeoutS: 30 },
    allowExecute: false,
    launch: {
      ...{ chromiumPath, allowNoSandbox: true, clock, onNoSandbox: () => {} },
      artifactsDir: join(dataDir, 'artifacts'),
    },
    gateway: {
      location: { kind: 'disk', dir: `${dataDir}/browser-cache`, totalMaxBytes: 2 ** 30 },
      maxBytes: 2 ** 28,
      readDenied: () => [],
      onError,
    },
    lanes: { allowHosts: [new URL(url).host], cacheTtlS: 86_400, pyodideUrl: 'https://pyodide.example' },
  });
  cleanup.add(() => apps.close());
  return apps;
}

/** A page with scripts, each of which takes some time to arrive. */
async function startPage(cleanup: Cleanup): Promise<{ url: string; requests(): number }> {
  let requests = 0;
  const script = `globalThis.count = (globalThis.count ?? 0) + 1; // ${'x'.repeat(SCRIPT_BYTES)}`;
  const tags = Array.from({ length: SCRIPTS }, (_, index) => `<script src="/${index}.js"></script>`);
  const page = `<!doctype html><link rel="icon" href="data:,">${tags.join('')}`;
  const server = createServer(async ({ url }, response) => {
    requests += 1;
    await delay(LATENCY_MS);
    const isPage = url === '/';
    const type = isPage ? 'text/html' : 'text/javascript';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=3600' });
    response.end(isPage ? page : script);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests: () => requests };
}
