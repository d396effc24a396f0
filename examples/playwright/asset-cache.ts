/**
 * A Playwright handler for main.dart.js that keeps the script in a cache. Run it from the root of the project:
 *
 *     CHROMIUM_PATH=/usr/bin/chromium node --conditions=roundhouse:source examples/playwright/asset-cache.ts
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { AssetCache } from 'roundhouse/asset-cache';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** The site: its page loads the script of one version and the next time that of the other. */
const sent = { pages: 0, scripts: 0 };
const server = createServer((request, response) => {
  if (request.url === '/') {
    sent.pages += 1;
    const version = sent.pages % 2 === 1 ? 'A' : 'B';
    response.setHeader('content-type', 'text/html');
    response.end(`<title>none</title><script src="/app/${version}/main.dart.js"></script>`);
  } else if (request.url?.endsWith('/main.dart.js')) {
    sent.scripts += 1;
    response.setHeader('content-type', 'text/javascript').setHeader('x-original', 'yes');
    response.end(`document.title = ${JSON.stringify(request.url)};`);
  } else response.writeHead(404).end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const dir = await mkdtemp(join(tmpdir(), 'assets-'));
const cache = new AssetCache({ dir, log: () => {} });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

print('attach():');
for (let load = 0; load < 6; load += 1) {
  // Each page has a context of its own, whose HTTP cache is empty.
  const context = await browser.newContext();
  await cache.attach(context, { match: '*/main.dart.js' });
  const page = await context.newPage();
  await page.goto(site);
  print(`  ${await page.title()}; ${sent.scripts} from the site`);
  await context.close();
}

print('A handler of your own:');
const context = await browser.newContext();
await context.route('**/main.dart.js', async (route) => {
  const found = await cache.load(route.request().url());
  if (!found) return route.continue();
  const [body, { status, headers }] = found;
  return route.fulfill({ body, status, headers });
});
const page = await context.newPage();
const loaded = page.waitForResponse('**/main.dart.js');
await page.goto(site);
print(
  `  ${await page.title()}; x-original: ${(await loaded).headers()['x-original']}; ${sent.scripts} from the site`,
);

await browser.close();
await cache.close();
server.close();
await rm(dir, { recursive: true });
