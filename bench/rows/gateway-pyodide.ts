import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { openGateway, WEB_PYTHON_RULES } from '../../src/library/gateway/index.ts';
import { PYODIDE_HOSTS, PYODIDE_PAGE, startPyodideSite } from '../../test/library/gateway/pyodide-site.ts';
import type { Bench, Row } from '../row.ts';
import { certificateFor, directArguments, openChromium, openProfile } from '../support/chromium.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { ratios } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const THROTTLE = { bytesPerS: 2_500_000, latencyMs: 50 };
const TIMEOUT_MS = 60_000;

export const gatewayPyodide: Row = {
  name: 'gateway-pyodide',
  title: 'Start of a page with Pyodide: the origin sends 2.5 MB/s after 50 ms',
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const certificate = certificateFor(PYODIDE_HOSTS);
    const site = await startPyodideSite(THROTTLE, certificate);
    cleanup.add(() => site.close());
    const gateway = await openGateway({
      dir: await temporaryFolder(cleanup),
      trust: [certificate.cert],
    });
    cleanup.add(() => gateway.close());
    const lane = await gateway.openLane({
      resolve: Object.fromEntries(PYODIDE_HOSTS.map((host) => [host, `127.0.0.1:${site.port}`])),
      allow: PYODIDE_HOSTS,
      rules: [...WEB_PYTHON_RULES, { match: PYODIDE_PAGE, force: true }],
      block: ['*/favicon.ico'],
    });
    const args = directArguments({ hosts: PYODIDE_HOSTS, port: site.port, certificate });
    const direct = await openChromium(cleanup, args);
    const proxied = await openChromium(cleanup, gateway.launchOptions.args);
    const profile = join(await temporaryFolder(cleanup), 'profile');
    const inProfile = async () => timeAndClose(await openProfile(profile, args));
    const subjects = {
      none: async () => timeAndClose(await direct.newContext()),
      lane: async () => timeAndClose(await proxied.newContext(lane.contextOptions)),
      profile: inProfile,
      withoutCode: async () => {
        await rm(join(profile, 'Default', 'Code Cache'), { recursive: true, force: true });
        return inProfile();
      },
    };
    const times: Record<keyof typeof subjects, number[]> = {
      none: [],
      lane: [],
      profile: [],
      withoutCode: [],
    };
    // Stores the files. Chromium stores compiled code when a page has used a file more than once.
    await subjects.lane();
    for (let start = 0; start < 3; start += 1) await subjects.profile();
    const fromUpstream: number[] = [];
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      times.none.push(await subjects.none());
      const before = lane.stats().bytesFromUpstream;
      times.lane.push(await subjects.lane());
      fromUpstream.push(lane.stats().bytesFromUpstream - before);
      // In this order: the start without compiled code stores it again for the next round.
      times.profile.push(await subjects.profile());
      times.withoutCode.push(await subjects.withoutCode());
      await subjects.profile();
    }
    const time = (what: string, rounds: number[]): Finding => ({ what, unit: 'ms', target: null, rounds });
    return [
      time('without a cache', times.none),
      time('lane, stored on disk', times.lane),
      time("a profile's own disk cache", times.profile),
      time('the same without its code cache', times.withoutCode),
      {
        what: "lane ÷ a profile's own disk cache",
        unit: '×',
        target: atMost(1.3, 'median'),
        rounds: ratios(times.lane, times.profile),
      },
      {
        what: 'lane ÷ the same without its code cache',
        unit: '×',
        target: atMost(1.1, 'median'),
        rounds: ratios(times.lane, times.withoutCode),
      },
      { what: 'lane: bytes from the origin', unit: 'count', target: atMost(0), rounds: fromUpstream },
    ];
  },
};

/** Opens the page and closes the context. @returns milliseconds from the navigation to the result of Python */
async function timeAndClose(context: BrowserContext): Promise<number> {
  try {
    const page = await context.newPage();
    const startedAt = performance.now();
    await page.goto(PYODIDE_PAGE);
    const result = await page.waitForFunction('globalThis.result', null, { timeout: TIMEOUT_MS });
    const time = performance.now() - startedAt;
    if ((await result.jsonValue()) !== '10') throw new Error(`Python returned ${await result.jsonValue()}`);
    return time;
  } finally {
    await context.close();
  }
}
