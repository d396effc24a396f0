import { afterEach, beforeEach, expect, it } from 'vitest';
import { findPids } from '../service/runtimes/process/support.ts';
import { describeWithChromium, type MonitoredPage, type PageOptions } from '../support/browser/chromium.ts';
import { startApp, type TestApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { FLEET_SETTINGS, healthyEngines, TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations, selectInterval, setHidden } from './panel-page.ts';

/** A change is shown within this time, plus the delays of a busy machine. */
const MAX_DELAY_MS = 1000;
const INTERVAL_S = 2;
const POLLED = [
  '/engines',
  '/engines/stats/total',
  '/events?limit=40',
  '/orchestrator/status',
  '/streams?status=started',
  '/vpn/status',
];

describeWithChromium('polling', (chromium) => {
  let app: TestApp;
  let origin: string;
  let monitored: MonitoredPage;

  beforeEach(async () => {
    app = await startApp({
      settings: { ...FLEET_SETTINGS, MIN_REPLICAS: '0', HISTORY_SAMPLE_INTERVAL_S: '10' },
    });
    origin = app.url;
    await app.post('/scale/3');
    await healthyEngines(app, 3);
  });
  afterEach(async () => {
    await monitored.page.context().close();
    await app[Symbol.asyncDispose]();
  });

  async function openOverview(options: PageOptions = {}): Promise<MonitoredPage> {
    monitored = await chromium.open(`${origin}/panel/`, options);
    const { page } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.getByText('3 of 3 engines healthy').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    return monitored;
  }

  /** Paths of the completed requests, with the number of requests. */
  function countByPath(): Record<string, number> {
    const byPath = Map.groupBy(monitored.requests, (request) => request.split(' ')[1]!);
    return Object.fromEntries([...byPath].map(([path, requests]) => [path, requests.length]));
  }

  it('reads each resource once per interval, never twice at a time, and mostly gets 304 responses', async () => {
    const { page, requests, inFlight } = await openOverview({ fakeClock: true });
    const overlaps: string[] = [];
    page.on('request', (request) => {
      const isOverlap = [...inFlight].some((other) => other !== request && other.url() === request.url());
      if (isOverlap) overlaps.push(request.url());
    });
    await selectInterval(page, INTERVAL_S);
    await page.clock.pauseAt(Date.now() + 1000);
    const isIdle = () => [...inFlight].every((request) => request.url().endsWith('/events/live'));
    await waitUntil('only the live connection is open', isIdle, TIMEOUT_MS);

    const rounds = 3;
    requests.length = 0;
    for (let round = 1; round <= rounds; round += 1) {
      await page.clock.runFor(INTERVAL_S * 1000);
      await waitUntil(
        `each resource was read ${round} times`,
        () => POLLED.every((path) => (countByPath()[path] ?? 0) >= round),
        TIMEOUT_MS,
      );
    }
    const { '/stats/history?window_s=900': series = 0, ...counts } = countByPath();
    expect(counts).toEqual(Object.fromEntries(POLLED.map((path) => [path, rounds])));
    expect(series).toBeLessThanOrEqual(1);
    for (const path of ['/vpn/status', '/orchestrator/status', '/streams?status=started'])
      expect(requests).toContain(`GET ${path} 304`);
    expect(overlaps).toEqual([]);
  });

  it('stops in a hidden tab, and resumes immediately when the tab is shown', async () => {
    const { page, requests } = await openOverview({ fakeClock: true });
    await selectInterval(page, INTERVAL_S);
    await setHidden(page, true);
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    await waitUntil(
      'the live connection is closed',
      () => requests.includes('GET /events/live failed'),
      TIMEOUT_MS,
    );
    await page.clock.runFor(60_000);
    // Playwright delivers events in order, so those of all requests so far precede this reply.
    await page.evaluate(() => {});
    expect(sent).toEqual([]);
    await setHidden(page, false);
    await waitUntil('the engines are read', () => sent.includes(`${origin}/engines`), TIMEOUT_MS);
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('shows a killed engine within a second, whatever the polling interval', async () => {
    const { page } = await openOverview();
    await selectInterval(page, 60);
    const engines = await healthyEngines(app, 3);
    const delaysMs: number[] = [];
    // Other load on the machine may delay some of the three changes, but hardly all of them.
    for (const [index, engine] of engines.entries()) {
      const left = engines.length - index - 1;
      // Measured in the page, to exclude the connection between the test and the browser.
      const shownAt = page.evaluate(
        (text) =>
          new Promise<number>((resolve) => {
            const check = () => {
              if (document.body.textContent?.includes(text)) requestAnimationFrame(check);
              else resolve(Date.now());
            };
            check();
          }),
        `of ${left + 1} engine`,
      );
      const killedAt = Date.now();
      for (const pid of findPids(engine.port)) process.kill(pid, 'SIGKILL');
      delaysMs.push((await shownAt) - killedAt);
    }
    expect(Math.min(...delaysMs)).toBeLessThan(MAX_DELAY_MS);
    expectNoViolations(monitored);
  });
});
