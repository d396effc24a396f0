import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type BypassReason,
  type Gateway,
  type LaneStats,
  openGateway,
} from '../../../src/library/gateway/index.ts';
import { despiteNetworkChanges, type NetworkChanges } from '../../support/browser/network-changes.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startSite } from './site.ts';
import { type Origin, TEST_CA } from './support.ts';

const provided = inject('chromium');
const HOSTS = ['site.test', 'other.test'];
const TIMEOUT_MS = 30_000;

/** A kind of request: what a page does, and its result. */
interface Kind {
  name: string;
  run: (page: Page) => Promise<unknown>;
  result: unknown;
  /** What the origin gets: from the first session, and from the second one with what the first has stored. */
  paths: readonly [first: string[], second: string[]];
  /** Why the lane passes a request on without a look at the store. */
  bypass?: BypassReason;
}

const script = (source: string) => (page: Page) => page.evaluate(source);
const stored = (...paths: string[]): Kind['paths'] => [paths, []];
const never = (...paths: string[]): Kind['paths'] => [paths, paths];

const webSocket = (url: string) => `new Promise((resolve) => { const s = new WebSocket('${url}');
  s.onerror = () => resolve('failed'); s.onopen = () => s.send('hello');
  s.onmessage = ({ data }) => { s.close(); resolve(data) } })`;

/** Kinds by page. The service worker is the last of its page, because it handles the requests after it. */
const PAGES: [name: string, kinds: Kind[]][] = [
  [
    'workers',
    [
      {
        name: 'fetch',
        run: script(`fetch('/data').then((r) => r.text())`),
        result: 'data',
        paths: stored('/data'),
      },
      {
        name: 'Worker and importScripts',
        run: script(
          `new Promise((resolve) => { new Worker('/worker.js').onmessage = ({ data }) => resolve(data) })`,
        ),
        result: [true, 'worker data'],
        paths: stored('/worker.js', '/imported.js', '/from-worker'),
      },
      {
        name: 'SharedWorker',
        run: script(`new Promise((resolve) => { const worker = new SharedWorker('/shared.js');
      worker.onerror = () => resolve('not loaded'); worker.port.onmessage = ({ data }) => resolve(data) })`),
        result: 'shared data',
        paths: stored('/shared.js', '/from-shared'),
      },
    ],
  ],
  [
    'documents',
    [
      {
        name: 'popup',
        run: async (page) => {
          const [popup] = await Promise.all([
            page.waitForEvent('popup'),
            page.evaluate(`void window.open('/popup')`),
          ]);
          await popup.waitForFunction('window.popupScript');
          const title = await popup.title();
          await popup.close();
          return title;
        },
        result: 'popup',
        paths: stored('/popup', '/popup.js'),
      },
      {
        name: 'iframe of another origin',
        run: script(`new Promise((resolve) => { onmessage = ({ data }) => resolve(data);
      const f = document.createElement('iframe'); f.src = 'https://other.test/frame'; document.body.append(f) })`),
        result: 'frame loaded',
        paths: stored('/frame', '/frame.js'),
      },
      {
        name: 'redirect, which is not stored, and its target',
        run: script(`fetch('/redirect').then((r) => r.text())`),
        result: 'redirect target',
        paths: [['/redirect', '/redirected'], ['/redirect']],
      },
    ],
  ],
  [
    'bodies',
    [
      {
        name: 'streaming compilation of WebAssembly',
        run: script(
          `WebAssembly.compileStreaming(fetch('/module.wasm')).then((m) => m instanceof WebAssembly.Module)`,
        ),
        result: true,
        paths: stored('/module.wasm'),
      },
      {
        name: 'a body of 10 MB',
        run: script(`fetch('/large').then((r) => r.arrayBuffer())
      .then((b) => [b.byteLength, new DataView(b).getUint32(9999996, true)])`),
        result: [10_000_000, (9_999_996 * 2_654_435_761) % 2 ** 32],
        paths: stored('/large'),
      },
      {
        name: 'an upload',
        run: script(
          `fetch('/upload', { method: 'POST', body: new Uint8Array(3000000) }).then((r) => r.text())`,
        ),
        result: '3000000',
        paths: never('POST /upload'),
        bypass: 'method',
      },
      {
        name: 'ranges of a media element',
        run: script(`new Promise((resolve) => { const a = new Audio('/media'); a.onerror = () => resolve('failed');
      a.onloadedmetadata = () => { a.currentTime = 50; a.onseeked = () => resolve(Math.round(a.duration)) } })`),
        result: 60,
        paths: never('/media'),
        bypass: 'range',
      },
    ],
  ],
  [
    'streams and a service worker',
    [
      {
        name: 'CORS, with a preflight',
        run: script(
          `fetch('https://other.test/cors', { headers: { 'x-custom': '1' } }).then((r) => r.text())`,
        ),
        result: 'cors data',
        paths: [['OPTIONS /cors', '/cors'], ['OPTIONS /cors']],
        bypass: 'method',
      },
      {
        name: 'EventSource: each message when it is sent',
        run: script(`new Promise((resolve) => { const all = []; const source = new EventSource('/events');
      source.onmessage = ({ data }) => { all.push(data); if (all.length === 2) { source.close(); resolve(all) } } })`),
        result: ['first', 'second'],
        paths: never('/events'),
        bypass: 'event-stream',
      },
      {
        name: 'WebSocket over TLS',
        run: script(webSocket('wss://site.test/socket')),
        result: 'echo hello',
        paths: never('/socket'),
        bypass: 'websocket',
      },
      {
        name: 'service worker, and a request that it handles',
        run: script(`navigator.serviceWorker.register('/service-worker.js')
      .then(() => new Promise((resolve) => {
        if (navigator.serviceWorker.controller) resolve();
        navigator.serviceWorker.oncontrollerchange = resolve;
      }))
      .then(() => fetch('/via-sw')).then((r) => r.text())`),
        result: 'service worker data',
        paths: [['/service-worker.js', '/from-sw'], ['/service-worker.js']],
      },
    ],
  ],
];

describe.skipIf('missing' in provided)(
  'a page gets each kind of response once, and then from the store',
  () => {
    let gateway: Gateway;
    let browser: Browser;
    let site: Origin;
    let namespaces = 0;

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

    /** Opens a page of an origin in a new browser profile, through a lane of its own. @returns figures of the lane */
    async function withPage(
      origin: Origin,
      namespace: string,
      changes: NetworkChanges,
      use: (page: Page) => Promise<void>,
    ): Promise<LaneStats> {
      origin.requests.length = 0;
      const hosts = origin === site ? HOSTS : ['plain.test'];
      await using lane = await gateway.openLane({
        namespace,
        resolve: Object.fromEntries(hosts.map((host) => [host, `127.0.0.1:${origin.port}`])),
        allow: hosts,
        // Chromium requests the icon when it likes.
        block: ['*/favicon.ico'],
      });
      const context = await browser.newContext(lane.contextOptions);
      try {
        changes.watch(context);
        const page = await context.newPage();
        await page.goto(origin === site ? 'https://site.test/' : 'http://plain.test/');
        await changes.race(use(page));
      } finally {
        await context.close();
      }
      const count = () => lane.stats().misses + lane.stats().bypasses;
      // A request is counted when its response has been sent, or its reader has left.
      await waitUntil('all requests are counted', () => count() >= origin.requests.length, TIMEOUT_MS);
      expect(count(), 'requests that the lane passed on').toBe(origin.requests.length);
      expect(lane.stats().failures).toBe(0);
      return lane.stats();
    }

    test.each(PAGES)('%s', (_name, kinds) =>
      despiteNetworkChanges(async (changes) => {
        namespaces += 1;
        for (const session of [0, 1]) {
          const stats = await withPage(site, `kinds-${namespaces}`, changes, async (page) => {
            for (const { name, run, result, paths } of kinds) {
              const before = site.requests.length;
              expect(await run(page), name).toEqual(result);
              const log = site.requests.slice(before);
              const requests = log.map(({ method, url }) => (method === 'GET' ? url : `${method} ${url}`));
              // Chromium decides how many ranges it requests.
              const distinct = name.startsWith('ranges') ? [...new Set(requests)] : requests;
              expect(distinct.sort(), `${name}, session ${session + 1}`).toEqual([...paths[session]!].sort());
              for (const { headers } of log.filter(({ url }) => url === '/media')) {
                expect(headers.range).toMatch(/^bytes=\d+-/);
              }
            }
          });
          for (const reason of kinds.flatMap(({ bypass }) => bypass ?? [])) {
            expect(stats.bypassReasons[reason], reason).toBeGreaterThan(0);
          }
          const reused = kinds.flatMap(({ paths: [first, second] }) =>
            first.filter((path) => !second.includes(path)),
          );
          expect(stats.hits).toBeGreaterThanOrEqual(session === 0 ? 0 : reused.length);
        }
      }),
    );

    test('a WebSocket of a page over http', async () => {
      await using plain = await startSite([]);
      await despiteNetworkChanges(async (changes) => {
        const stats = await withPage(plain, 'plain', changes, async (page) => {
          expect(await page.evaluate(webSocket('ws://plain.test/socket'))).toBe('echo hello');
        });
        expect(plain.paths()).toContain('/socket');
        expect(stats.bypassReasons.websocket).toBe(1);
        expect(stats.webSocketBytes.toBrowser).toBeGreaterThan(0);
      });
    });
  },
);
