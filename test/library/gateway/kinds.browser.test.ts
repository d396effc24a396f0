import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Gateway, type Lane, openGateway } from '../../../src/library/gateway/index.ts';
import { startSite } from './site.ts';
import { type Origin, TEST_CA } from './support.ts';

const provided = inject('chromium');
const HOSTS = ['site.test', 'other.test'];

describe.skipIf('missing' in provided)('requests of a page', () => {
  let gateway: Gateway;
  let browser: Browser;
  let site: Origin;
  let lane: Lane;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    gateway = await openGateway({ trust: [TEST_CA.cert] });
    site = await startSite(HOSTS);
    browser = await chromium.launch({
      executablePath: (provided as { path: string }).path,
      args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...gateway.launchOptions.args],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await site?.close();
  });

  /** Opens the page in a new browser profile. The store is kept if the namespace is the same. */
  async function open(namespace: string): Promise<void> {
    lane = await gateway.openLane({
      namespace,
      resolve: Object.fromEntries(HOSTS.map((host) => [host, `127.0.0.1:${site.port}`])),
      allow: HOSTS,
    });
    context = await browser.newContext(lane.contextOptions);
    page = await context.newPage();
    await page.goto('https://site.test/');
  }

  async function closePage(): Promise<void> {
    await context.close();
    await lane.close();
  }

  afterEach(() => {
    site.requests.length = 0;
  });

  /**
   * Runs a part of a page twice, each time in a new profile. The origin must get each of its requests once, and
   * the lane must have counted as many requests as the origin and the store have answered.
   */
  async function runTwice(name: string, run: () => Promise<unknown>, expected: unknown, paths: string[]) {
    for (const time of [1, 2]) {
      await open(name);
      expect(await run()).toEqual(expected);
      const log = site.paths().filter((path) => path !== '/' && path !== '/page.js');
      const uncached = log.filter((path) => !paths.includes(path));
      expect(uncached, `requests of time ${time} that should not occur`).toEqual([]);
      await closePage();
      expect(lane.stats().requests).toBe(lane.stats().hits + lane.stats().misses + lane.stats().bypasses);
    }
    const counts = paths.map((path) => site.paths().filter((one) => one === path).length);
    expect(counts).toEqual(paths.map(() => 1));
    const namespace = gateway.stats(name);
    expect(namespace.misses + namespace.bypasses).toBeGreaterThanOrEqual(paths.length);
  }

  const evaluate = (script: string) => () => page.evaluate(script);

  test('fetch', () => runTwice('fetch', evaluate(`fetch('/data').then((r) => r.text())`), 'data', ['/data']));

  test('Worker and importScripts', () =>
    runTwice(
      'worker',
      evaluate(
        `new Promise((resolve) => { new Worker('/worker.js').onmessage = ({ data }) => resolve(data) })`,
      ),
      [true, 'worker data'],
      ['/worker.js', '/imported.js', '/from-worker'],
    ));

  test('SharedWorker', () =>
    runTwice(
      'shared',
      evaluate(
        `new Promise((resolve) => { const worker = new SharedWorker('/shared.js'); worker.onerror = () => resolve('not loaded'); worker.port.onmessage = ({ data }) => resolve(data) })`,
      ),
      'shared data',
      ['/shared.js', '/from-shared'],
    ));

  test('service worker, and a request that it handles', async () => {
    const script = `navigator.serviceWorker.register('/service-worker.js')
      .then(() => new Promise((resolve) => {
        if (navigator.serviceWorker.controller) resolve();
        navigator.serviceWorker.oncontrollerchange = resolve;
      }))
      .then(() => fetch('/via-sw')).then((r) => r.text())`;
    for (const _time of [1, 2]) {
      await open('service-worker');
      expect(await page.evaluate(script)).toBe('service worker data');
      await closePage();
    }
    expect(site.paths().filter((path) => path === '/from-sw')).toHaveLength(1);
  });

  test('popup', () =>
    runTwice(
      'popup',
      async () => {
        const [popup] = await Promise.all([
          page.waitForEvent('popup'),
          page.evaluate(`void window.open('/popup')`),
        ]);
        await popup.waitForFunction('window.popupScript');
        return popup.title();
      },
      'popup',
      ['/popup', '/popup.js'],
    ));

  test('iframe of another origin', () =>
    runTwice(
      'iframe',
      evaluate(
        `new Promise((resolve) => { onmessage = ({ data }) => resolve(data); const f = document.createElement('iframe'); f.src = 'https://other.test/frame'; document.body.append(f) })`,
      ),
      'frame loaded',
      ['/frame', '/frame.js'],
    ));

  test('redirect target', async () => {
    for (const _time of [1, 2]) {
      await open('redirect');
      expect(await page.evaluate(`fetch('/redirect').then((r) => r.text())`)).toBe('redirect target');
      await closePage();
    }
    // The redirect itself is neither kept nor followed by the gateway.
    expect(site.paths().filter((path) => path.startsWith('/redirect'))).toEqual([
      '/redirect',
      '/redirected',
      '/redirect',
    ]);
  });

  test('streaming compilation of WebAssembly', () =>
    runTwice(
      'wasm',
      evaluate(
        `WebAssembly.compileStreaming(fetch('/module.wasm')).then((m) => m instanceof WebAssembly.Module)`,
      ),
      true,
      ['/module.wasm'],
    ));

  test('a body of 10 MB', () =>
    runTwice(
      'large',
      evaluate(
        `fetch('/large').then((r) => r.arrayBuffer()).then((b) => [b.byteLength, new DataView(b).getUint32(9999996, true)])`,
      ),
      [10_000_000, (9_999_996 * 2_654_435_761) % 2 ** 32],
      ['/large'],
    ));

  test('CORS, with a preflight', async () => {
    await open('cors');
    const script = `fetch('https://other.test/cors', { headers: { 'x-custom': '1' } }).then((r) => r.text())`;
    expect(await page.evaluate(script)).toBe('cors data');
    await closePage();
    const log = site.requests.filter(({ url }) => url === '/cors').map(({ method }) => method);
    expect(log).toEqual(['OPTIONS', 'GET']);
    expect(lane.stats().bypassReasons.method).toBe(1);
  });

  test('an upload', async () => {
    await open('upload');
    const script = `fetch('/upload', { method: 'POST', body: new Uint8Array(3_000_000) }).then((r) => r.text())`;
    expect(await page.evaluate(script)).toBe('3000000');
    await closePage();
  });

  test('ranges of a media element', async () => {
    await open('media');
    const script = `new Promise((resolve, reject) => { const a = new Audio('/media'); a.onerror = () => reject(a.error);
      a.onloadedmetadata = () => { a.currentTime = 50; a.onseeked = () => resolve(Math.round(a.duration)) } })`;
    expect(await page.evaluate(script)).toBe(60);
    await closePage();
    expect(site.requests.filter(({ url }) => url === '/media')[0]!.headers.range).toBe('bytes=0-');
  });

  test('EventSource: each message when it is sent', async () => {
    await open('events');
    const script = `new Promise((resolve) => { const all = []; const source = new EventSource('/events');
      source.onmessage = ({ data }) => { all.push(data); if (all.length === 2) { source.close(); resolve(all) } } })`;
    expect(await page.evaluate(script)).toEqual(['first', 'second']);
    await closePage();
    expect(lane.stats().bypassReasons['event-stream']).toBe(1);
  });

  test.each(['wss://site.test/socket', 'ws://plain.test/socket'])('WebSocket %s', async (url) => {
    const plain = await startSite([]);
    const target = url.startsWith('wss') ? site : plain;
    lane = await gateway.openLane({
      namespace: url,
      resolve: { 'site.test': `127.0.0.1:${site.port}`, 'plain.test': `127.0.0.1:${plain.port}` },
      allow: ['site.test', 'plain.test'],
    });
    context = await browser.newContext(lane.contextOptions);
    page = await context.newPage();
    await page.goto(url.startsWith('wss') ? 'https://site.test/' : 'http://plain.test/');
    const script = `new Promise((resolve, reject) => { const s = new WebSocket('${url}'); s.onerror = reject;
      s.onopen = () => s.send('hello'); s.onmessage = ({ data }) => resolve(data) })`;
    expect(await page.evaluate(script)).toBe('echo hello');
    await closePage();
    expect(target.paths()).toContain('/socket');
    expect(lane.stats().bypassReasons.websocket).toBe(1);
    expect(lane.stats().webSocketBytes.toBrowser).toBeGreaterThan(0);
    await plain.close();
  });
});
