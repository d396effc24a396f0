import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { openGateway } from '../../../src/library/gateway/index.ts';
import { despiteNetworkChanges } from '../../support/browser/network-changes.ts';
import { startOrigin, TEST_CA } from './support.ts';

const provided = inject('chromium');
const RESOURCES = 10;
const PAGES_PER_PROCESS = 25;

describe.skipIf('missing' in provided)('in Chromium', () => {
  const executablePath = (provided as { path: string }).path;

  test('1,000 requests of one page at once, over HTTP/2', () =>
    despiteNetworkChanges(async (changes) => {
      await using gateway = await openGateway({ trust: [TEST_CA.cert] });
      await using site = await startOrigin(
        ({ url }, response) => {
          response.setHeader('cache-control', url === '/' ? 'no-store' : 'max-age=60');
          response.end(url === '/' ? '<title>load</title>' : `body of ${url}`);
        },
        { hosts: ['site.test'] },
      );
      const lane = await gateway.openLane({
        resolve: { 'site.test': `127.0.0.1:${site.port}` },
        allow: ['site.test'],
        block: ['*/favicon.ico'],
      });
      const browser = await chromium.launch({
        executablePath,
        args: ['--no-sandbox', ...gateway.launchOptions.args],
      });
      try {
        const context = await browser.newContext(lane.contextOptions);
        changes.watch(context);
        const page = await context.newPage();
        await page.goto('https://site.test/');
        // Each request has a URL of its own, since Chromium sends one at a time for the same URL.
        const script = `performance.setResourceTimingBufferSize(2000); Promise.all(Array.from({ length: 1000 },
          (_, i) => fetch('/' + i).then((r) => r.text()).then((text) => text === 'body of /' + i)))
          .then((ok) => [ok.filter(Boolean).length,
            [...new Set(performance.getEntriesByType('resource').map((e) => e.nextHopProtocol))]])`;
        expect(await changes.race(page.evaluate(script))).toEqual([1000, ['h2']]);
      } finally {
        await browser.close();
      }
      expect(new Set(site.paths()).size).toBe(1001);
      expect(site.requests).toHaveLength(1001);
      expect(lane.stats()).toMatchObject({ requests: 1001, failures: 0 });
    }));

  test('50 pages of 2 browsers in 2 processes on one folder: one request to the origin for each resource', () =>
    despiteNetworkChanges(async () => {
      const dir = await mkdtemp(join(tmpdir(), 'roundhouse-browsers-'));
      await using site = await startOrigin(async ({ url }, response) => {
        // The pages request each resource while it is being loaded.
        await delay(200);
        response.setHeader('content-type', url === '/' ? 'text/html' : 'text/javascript');
        const scripts = Array.from({ length: RESOURCES }, (_, i) => `<script src="/${i}.js"></script>`);
        const done = `<script>globalThis.result = String(globalThis.count)</script>`;
        response.end(url === '/' ? `<title>x</title>${scripts.join('')}${done}` : SCRIPT);
      });
      const children = [1, 2].map(() => startChild(dir, executablePath, site.port));
      try {
        const outputs = children.map(({ stdout }) => text(stdout!));
        await Promise.all(children.map(({ stdout }) => once(stdout!, 'data')));
        for (const { stdin } of children) stdin!.end();
        for (const output of await Promise.all(outputs)) {
          const report = JSON.parse(output.split('\n')[1] ?? 'null');
          expect(report).toEqual({
            results: [String(RESOURCES)],
            failures: 0,
            requests: PAGES_PER_PROCESS * (RESOURCES + 1),
          });
        }
        const expected = ['/', ...Array.from({ length: RESOURCES }, (_, i) => `/${i}.js`)];
        expect(site.paths().sort()).toEqual(expected.sort());
      } finally {
        for (const child of children) child.kill('SIGKILL');
        await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      }
    }));
});

const SCRIPT = `globalThis.count = (globalThis.count ?? 0) + 1; // ${'x'.repeat(50_000)}`;

function startChild(dir: string, executablePath: string, port: number): ChildProcess {
  const parameters = [dir, executablePath, String(port), String(PAGES_PER_PROCESS)];
  const program = ['--conditions=roundhouse:source', 'test/library/gateway/browser-child.ts', ...parameters];
  return spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] });
}
