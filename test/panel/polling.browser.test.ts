import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findPids } from '../service/runtimes/process/support.ts';
import { describeWithChromium, type WatchedPage } from '../support/browser/chromium.ts';
import { startApp, type TestApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import {
  expectNoMisdeeds,
  FLEET,
  healthyEngines,
  PATIENCE_MS,
  pollEvery,
  setHidden,
} from './browser-support.ts';

/** A change comes to the panel within this; what it takes besides is for a machine that does much else. */
const CHANGE_MS = 1000;

describeWithChromium('how the panel polls', (chromium) => {
  let app: TestApp;
  let watched: WatchedPage;
  let page: Page;
  beforeEach(async () => {
    app = await startApp({ settings: { ...FLEET, MIN_REPLICAS: '0', HISTORY_SAMPLE_INTERVAL_S: '10' } });
    const origin = app.url;
    await app.post('/scale/3');
    await healthyEngines(app, 3);
    watched = await chromium.open(`${origin}/panel/`);
    page = watched.page;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByText('3 of 3 engines healthy').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });
  afterEach(async () => {
    await page.context().close();
    await app[Symbol.asyncDispose]();
  });

  it('each read at most once an interval, never two of a kind at once, mostly answered with 304', async () => {
    let most = 0;
    const underWay = new Map<string, number>();
    const count = (url: string, change: number) => {
      const now = (underWay.get(url) ?? 0) + change;
      underWay.set(url, now);
      most = Math.max(most, now);
    };
    page.on('request', (request) => count(request.url(), 1));
    page.on('requestfinished', (request) => count(request.url(), -1));
    page.on('requestfailed', (request) => count(request.url(), -1));
    await pollEvery(page, 2);
    await delay(1000);
    watched.requests.length = 0;
    const begun = performance.now();
    await delay(7000);
    const requests = [...watched.requests];
    const polls = Math.floor((performance.now() - begun) / 2000) + 1;

    const byPath = Map.groupBy(requests, (request) => request.split(' ')[1]!);
    expect([...byPath.keys()].map((path) => path.split('?')[0]).sort()).toEqual(
      [
        '/engines',
        '/engines/stats/total',
        '/events',
        '/orchestrator/status',
        '/streams',
        '/vpn/status',
        ...(byPath.has('/stats/history?window_s=900') ? ['/stats/history'] : []),
      ].sort(),
    );
    for (const [path, some] of byPath) expect([path, some.length <= polls]).toEqual([path, true]);
    expect(byPath.get('/engines')!.length).toBeGreaterThan(1);
    for (const path of ['/vpn/status', '/orchestrator/status', '/streams?status=started']) {
      expect(byPath.get(path)!.filter((request) => request.endsWith(' 304')).length).toBeGreaterThan(0);
    }
    expect(most).toBe(1);
  });

  it('in a hidden tab not at all, and at once when it is seen again', async () => {
    await pollEvery(page, 2);
    await setHidden(page, true);
    await waitUntil(
      'the live notices are let go',
      () => watched.requests.some((one) => one.startsWith('GET /events/live')),
      PATIENCE_MS,
    );
    await delay(500);
    watched.requests.length = 0;
    await delay(5000);
    expect(watched.requests).toEqual([]);
    await setHidden(page, false);
    await waitUntil(
      'it polls',
      () => watched.requests.some((one) => one.startsWith('GET /engines ')),
      PATIENCE_MS,
    );
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('a killed engine is shown within a second, however seldom it polls', async () => {
    await pollEvery(page, 60);
    const engines = await healthyEngines(app, 3);
    const tookMs: number[] = [];
    // A machine that does much else delays one or the other, but not each of three.
    for (const [index, engine] of engines.entries()) {
      const left = engines.length - index - 1;
      // In the page itself: the way between the test and the browser is no part of it.
      const shown = page.evaluate(
        (gone) =>
          new Promise<number>((resolve) => {
            const look = () => {
              if (document.body.textContent?.includes(gone)) requestAnimationFrame(look);
              else resolve(Date.now());
            };
            look();
          }),
        `of ${left + 1} engine`,
      );
      const killedAt = Date.now();
      for (const pid of findPids(engine.port)) process.kill(pid, 'SIGKILL');
      tookMs.push((await shown) - killedAt);
    }
    expect(Math.min(...tookMs)).toBeLessThan(CHANGE_MS);
    expectNoMisdeeds(watched);
  });
});
