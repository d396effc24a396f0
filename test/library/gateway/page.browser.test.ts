import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Gateway, openGateway } from '../../../src/library/gateway/index.ts';
import { despiteNetworkChanges } from '../../support/browser/network-changes.ts';
import { type Origin, startOrigin, TEST_CA } from './support.ts';

const provided = inject('chromium');

describe.skipIf('missing' in provided)('a page through a lane', () => {
  let gateway: Gateway;
  let browser: Browser;
  let origin: Origin;
  let namespaces = 0;

  beforeAll(async () => {
    gateway = await openGateway({ trust: [TEST_CA.cert] });
    browser = await chromium.launch({
      executablePath: (provided as { path: string }).path,
      args: ['--no-sandbox', ...gateway.launchOptions.args],
    });
    origin = await startOrigin(
      (request, response) => {
        if (request.url === '/') {
          response.setHeader('content-type', 'text/html');
          response.end('<!doctype html><title>shop</title><body><script src="/app.js"></script>');
        } else {
          response.setHeader('content-type', 'text/javascript');
          response.setHeader('cache-control', 'max-age=60');
          response.end('document.body.append("loaded")');
        }
      },
      { hosts: ['shop.test'] },
    );
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await origin?.close();
  });

  test('loads over https and HTTP/2, and its script comes from the store the second time', () =>
    despiteNetworkChanges(async (changes) => {
      origin.requests.length = 0;
      namespaces += 1;
      await using lane = await gateway.openLane({
        namespace: `shop-${namespaces}`,
        resolve: { 'shop.test': `127.0.0.1:${origin.port}` },
        allow: ['shop.test'],
      });
      for (const _visit of [1, 2]) {
        const context = await browser.newContext(lane.contextOptions);
        changes.watch(context);
        const page = await context.newPage();
        await page.goto('https://shop.test/');
        expect(await page.textContent('body')).toBe('loaded');
        const protocol = 'performance.getEntriesByType("navigation")[0].nextHopProtocol';
        expect(await page.evaluate(protocol)).toBe('h2');
        await context.close();
      }
      expect(origin.paths()).toEqual(['/', '/app.js', '/']);
      expect(origin.requests.map(({ httpVersion }) => httpVersion)).toContain('2.0');
      expect(lane.stats()).toMatchObject({ hits: 1, failures: 0, blocked: 0 });
    }));
});
