/**
 * A process with a gateway on a shared folder, and a browser. Prints `ready`, and at the end of its input opens the
 * pages at once. Arguments: the folder, the path of Chromium, the port of the site, and the number of pages.
 */
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import { openGateway } from '../../../src/library/gateway/index.ts';

const [dir = '', executablePath = '', port = '', count = '0'] = process.argv.slice(2);
// With the default timeouts, a machine that is busy with 50 pages may miss them, which costs a request to the origin.
await using store = await openDiskStore({ dir, timeoutMs: 60_000 });
await using gateway = await openGateway({ store, storeTimeoutMs: 60_000 });
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', ...gateway.launchOptions.args],
});
const lane = await gateway.openLane({
  namespace: 'app',
  resolve: { 'site.test': `127.0.0.1:${port}` },
  allow: ['site.test'],
  rules: [{ match: '*', force: true }],
  block: ['*/favicon.ico'],
});
process.stdout.write('ready\n');
await once(process.stdin.resume(), 'end');
const results = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    // A context of its own: pages of one context would share Chromium's cache.
    const context = await browser.newContext(lane.contextOptions);
    const page = await context.newPage();
    await page.goto('http://site.test/', { timeout: 120_000 });
    const handle = await page.waitForFunction('globalThis.result', null, { timeout: 120_000 });
    const result = await handle.jsonValue();
    await context.close();
    return result;
  }),
);
await browser.close();
const { failures, requests } = lane.stats();
process.stdout.write(`${JSON.stringify({ results: [...new Set(results)], failures, requests })}\n`);
