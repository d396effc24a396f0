import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { openGateway } from '../../../src/library/gateway/index.ts';
import { despiteNetworkChanges } from '../../support/browser/network-changes.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startSite } from './site.ts';
import { startOrigin, TEST_CA } from './support.ts';

const provided = inject('chromium');
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe.skipIf('missing' in provided)('Chromium', () => {
  const executablePath = (provided as { path: string }).path;

  test('sends nothing past the lane: WebRTC, QUIC, preconnect, DNS prefetch, private addresses', () =>
    despiteNetworkChanges(async () => {
      await using gateway = await openGateway({ trust: [TEST_CA.cert] });
      await using site = await startSite(['site.test']);
      // What a hostile page tries to reach without the lane's permission.
      await using secret = await startOrigin((_request, response) => response.end('secret'));
      const stun = createSocket('udp4');
      let datagrams = 0;
      site.answer = ((answer) => (request, response) => {
        response.setHeader('alt-svc', `h3=":${stun.address().port}"; ma=3600`);
        answer(request, response);
      })(site.answer);
      stun.on('message', () => {
        datagrams += 1;
      });
      stun.bind(0, '127.0.0.1');
      await once(stun, 'listening');
      const lane = await gateway.openLane({
        resolve: { 'site.test': `127.0.0.1:${site.port}` },
        allow: ['site.test'],
      });
      const browser = await chromium.launch({
        executablePath,
        args: ['--no-sandbox', ...gateway.launchOptions.args],
      });
      try {
        const page = await (await browser.newContext(lane.contextOptions)).newPage();
        await page.goto('https://site.test/');
        const connections: number[] = [];
        secret.server.on('connection', () => connections.push(1));
        const results = await page.evaluate(
          async ({ stunPort, secretPort, lanePort }) => {
            const scope = globalThis as never as {
              document: {
                createElement(name: string): Record<string, unknown>;
                head: { append(x: unknown): void };
              };
              RTCPeerConnection: new (
                options: unknown,
              ) => {
                createDataChannel(name: string): void;
                createOffer(): Promise<unknown>;
                setLocalDescription(offer: unknown): Promise<void>;
                onicecandidate: (event: { candidate: { candidate: string } | null }) => void;
              };
            };
            for (const [rel, href] of [
              ['preconnect', `http://127.0.0.1:${secretPort}`],
              ['dns-prefetch', 'http://prefetched.test'],
              ['prefetch', `http://localhost:${secretPort}/prefetched`],
            ]) {
              scope.document.head.append(Object.assign(scope.document.createElement('link'), { rel, href }));
            }
            // Chromium would connect over QUIC in the background, and use it for later requests.
            for (let i = 0; i < 5; i += 1) await fetch(`/data?${i}`);
            const connection = new scope.RTCPeerConnection({
              iceServers: [{ urls: `stun:127.0.0.1:${stunPort}` }],
            });
            connection.createDataChannel('x');
            const candidates: string[] = [];
            const gathered = new Promise<void>((resolve) => {
              connection.onicecandidate = ({ candidate }) =>
                candidate ? candidates.push(candidate.candidate) : resolve();
              setTimeout(resolve, 2000);
            });
            await connection.setLocalDescription(await connection.createOffer());
            await gathered;
            const urls = [
              `http://127.0.0.1:${secretPort}/`,
              `http://[::ffff:127.0.0.1]:${secretPort}/`,
              `http://2130706433:${secretPort}/`,
              `http://x.localhost:${secretPort}/`,
              `http://127.0.0.1:${lanePort}/`,
              'http://169.254.169.254/latest/meta-data/',
              'file:///etc/passwd',
            ];
            const reached = await Promise.all(
              urls.map((url) =>
                fetch(url, { mode: 'no-cors' }).then(
                  (response) => `${response.type} ${url}`,
                  () => 'failed',
                ),
              ),
            );
            return { candidates: candidates.filter((one) => / udp /i.test(one) && one !== ''), reached };
          },
          { stunPort: stun.address().port, secretPort: secret.port, lanePort: lane.port },
        );
        expect(datagrams).toBe(0);
        expect(results.candidates).toEqual([]);
        expect(connections).toEqual([]);
        expect(secret.requests).toEqual([]);
        expect(results.reached.at(-1)).toBe('failed');
        expect(lane.stats().blocked).toBeGreaterThan(4);
      } finally {
        await browser.close();
        stun.close();
      }
    }));

  test('started with launchArgs loads https pages, and its own requests are counted apart', async () => {
    await using gateway = await openGateway({ trust: [TEST_CA.cert] });
    await using site = await startSite(['site.test']);
    const lane = await gateway.openLane({
      resolve: { 'site.test': `127.0.0.1:${site.port}` },
      allow: ['site.test'],
    });
    const browser: ChildProcess = spawn(
      executablePath,
      ['--headless', '--no-sandbox', '--disable-gpu', ...lane.launchArgs, 'https://site.test/'],
      { stdio: 'ignore' },
    );
    try {
      await waitUntil('the page is loaded', () => site.paths().includes('/page.js'), 20_000);
      // Requests are counted when their response has been sent.
      await waitUntil('both requests are counted', () => lane.stats().requests >= 2, 20_000);
      expect(lane.stats().failures).toBe(0);
      expect(Object.keys(lane.stats().byHost)).toEqual(['site.test']);
    } finally {
      browser.kill();
      await once(browser, 'close');
      await lane.close();
    }
  });

  test('examples/playwright/gateway.ts: the second session gets the page from the store', async () => {
    await using site = await startOrigin((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<title>example</title>');
    });
    const command = [
      '--conditions=roundhouse:source',
      'examples/playwright/gateway.ts',
      `${site.url}/`,
      '127.0.0.1',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      cwd: ROOT,
      env: { ...process.env, CHROMIUM_PATH: executablePath },
      timeout: 40_000,
    });
    const [first, second] = stdout.trim().split('\n');
    expect(first).toMatch(/^first session: \d requests, 0 hits/);
    expect(second).toMatch(/^second session: \d requests, 1 hits/);
    expect(site.paths()).toEqual(['/']);
  });
});
