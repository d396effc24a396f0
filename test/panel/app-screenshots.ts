import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { KEY, startApp, type TestApp } from '../support/service/app.ts';
import { logIn } from './panel-page.ts';

const PYODIDE = dirname(createRequire(import.meta.url).resolve('pyodide'));
const TYPES: Record<string, string> = {
  mjs: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};
/** A loaded page of an app, and the time for its charts. */
const SETTLE_MS = 6000;
const VIEWPORT = { width: 1360, height: 900 };

const SOURCE = `import sys
from js import document, console

primes = [n for n in range(2, 120) if all(n % d for d in range(2, n))]
console.log(f"Python {sys.version.split()[0]} has found {len(primes)} primes")
console.warn("this page is a demonstration")
document.body.innerHTML = f"""
  <main style="font: 22px system-ui; padding: 48px; color: #123">
    <h1>Primes below 120</h1>
    <p style="letter-spacing: .05em; line-height: 2">{" · ".join(map(str, primes))}</p>
    <p style="color: #678">Python {sys.version.split()[0]} in Pyodide</p>
  </main>"""
`;

/** Takes the screenshots of the pages about browser apps, from a service with an app in Pyodide. */
export async function takeAppScreenshots(
  browser: Browser,
  chromiumPath: string,
  folder: string,
): Promise<void> {
  await using cdn = await startPyodideServer();
  await using app = await startApp({
    settings: {
      CHROMIUM_PATH: chromiumPath,
      PYODIDE_URL: cdn.url,
      BROWSER_ALLOW_HOSTS: new URL(cdn.url).host,
      HISTORY_SAMPLE_INTERVAL_S: '2',
    },
  });
  const manifest = { type: 'web-python', name: 'Primes', version: '1.0.0', profile: 'main' };
  await post(app, '/apps', { workspace: 'demo', manifest, source: SOURCE });
  const session = { id: '' };
  for (const hasNext of [true, true, false]) {
    const { id } = await post(app, '/apps/demo/primes/sessions');
    session.id = id;
    await delay(SETTLE_MS);
    if (hasNext) await app.delete(`/browser/sessions/${id}`);
  }
  const take = async (name: string, hash: string) => {
    const context = await browser.newContext({ colorScheme: 'light', viewport: VIEWPORT });
    const page = await context.newPage();
    await page.addInitScript(() => localStorage.setItem('roundhouse-window', '300'));
    await page.goto(`${app.url}/panel/${hash}`);
    await logIn(page, KEY);
    await page.getByText('Live', { exact: true }).waitFor();
    await delay(SETTLE_MS);
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
  };
  await take('app', '#/apps/demo/primes');
  await take('session', `#/sessions/${session.id}`);
}

async function post(app: TestApp, path: string, body?: object): Promise<{ id: string }> {
  const reply = await app.post(path, body);
  if (reply.status > 201) throw new Error(reply.text);
  return reply.body;
}

/** Serves Pyodide from its npm package, in place of its CDN. */
async function startPyodideServer() {
  const server = createServer(async ({ url }, response) => {
    const name = url!.slice(1);
    const type = TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream';
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': type });
    response.end(await readFile(join(PYODIDE, name)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
