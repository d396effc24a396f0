import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/panel/lib/wire.ts';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { violations } from './axe.ts';
import { FLEET_SETTINGS, healthyEngines, startStream, TIMEOUT_MS } from './fleet.ts';
import { enterApiKey, expectNoViolations } from './panel-page.ts';

const INFOHASH = '0123456789abcdef0123456789abcdef01234567';

describeWithChromium('the pages of the panel', (chromium) => {
  let app: TestApp;
  let origin: string;
  let engine: Engine;
  beforeAll(async () => {
    app = await startApp({ settings: { ...FLEET_SETTINGS, NOTIFY_URLS: 'json://127.0.0.1:1/secret' } });
    origin = app.url;
    [engine] = (await healthyEngines(app, 2)) as [Engine];
    await startStream(app, engine, INFOHASH);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  /** `ready` waits until the page shows its data. */
  const PAGES: { name: string; hash: () => string; ready: (page: Page) => Promise<void> }[] = [
    {
      name: 'overview',
      hash: () => '#/',
      ready: async (page) => {
        await page.getByText('All systems operational').waitFor();
        await page.getByTitle(new RegExp(INFOHASH)).waitFor();
        await page
          .getByText(/^Stream .* started/)
          .first()
          .waitFor();
        await page.getByRole('img', { name: /^Memory\. in use: .*MB/ }).waitFor();
      },
    },
    {
      name: 'engines',
      hash: () => '#/engines',
      ready: async (page) => {
        await page.getByRole('link', { name: engine.container_name }).waitFor();
        await page.getByRole('cell', { name: /MB/ }).first().waitFor();
      },
    },
    {
      name: 'engine',
      hash: () => `#/engines/${engine.container_id}`,
      ready: async (page) => {
        await page.getByRole('heading', { name: engine.container_name }).waitFor();
        await page.getByTitle(new RegExp(INFOHASH)).waitFor();
      },
    },
    {
      name: 'cache',
      hash: () => '#/cache',
      ready: async (page) => {
        await app.get('/orchestrator/status');
        await page.getByText('With cache').waitFor();
        await page.getByRole('rowheader', { name: 'orchestrator:status' }).first().waitFor();
      },
    },
    {
      name: 'settings',
      hash: () => '#/settings',
      ready: async (page) => {
        await page.getByRole('button', { name: 'Enter the API key' }).click();
        await enterApiKey(page, KEY);
        await page.getByLabel('--bind-all').waitFor();
        await page.getByLabel('Name of template 10').waitFor();
        const quiet = page.getByLabel('NOTIFY_QUIET_S (s)');
        await quiet.fill('60');
        await page.getByRole('button', { name: 'Save', exact: true }).last().click();
        await page.getByText('changed here (instead of 300)').waitFor();
        await page.getByRole('button', { name: 'Reset' }).click();
        await page.getByText('changed here').waitFor({ state: 'detached' });
        await page.getByRole('button', { name: 'Send a test' }).click();
        await page.getByText('The request failed (ECONNREFUSED)').waitFor();
        await page.getByRole('rowheader', { name: 'json://127.0.0.1:1/…' }).waitFor();
      },
    },
    {
      name: 'engine not found',
      hash: () => '#/engines/unknown',
      ready: (page) => page.getByText('This engine no longer exists').waitFor(),
    },
  ];

  it('redirects from the root of the service to the panel', async () => {
    const monitored = await chromium.open(origin);
    await monitored.page.getByText('All systems operational').waitFor({ timeout: TIMEOUT_MS });
    expect(monitored.page.url()).toBe(`${origin}/panel/`);
    expectNoViolations(monitored);
  });

  describe.each(PAGES)('$name', ({ hash, ready }) => {
    it('shows its data without errors, foreign requests or policy violations', async () => {
      const monitored = await chromium.open(`${origin}/panel/${hash()}`);
      monitored.page.setDefaultTimeout(TIMEOUT_MS);
      await ready(monitored.page);
      expectNoViolations(monitored);
      const failed = monitored.requests.filter((request) => !/ (200|304)$/.test(request));
      expect(failed).toEqual([]);
    });

    it('is accessible in both themes, and does not scroll horizontally on a narrow screen', async () => {
      // The content security policy would block axe. The test above runs with it.
      const { page } = await chromium.open(`${origin}/panel/${hash()}`, { bypassCSP: true });
      page.setDefaultTimeout(TIMEOUT_MS);
      await ready(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
        expect(await violations(page), colorScheme).toEqual([]);
      }
      await page.setViewportSize({ width: 360, height: 740 });
      const width = () => page.evaluate(() => document.documentElement.scrollWidth);
      await waitUntil('the page is as wide as the screen', async () => (await width()) <= 360, TIMEOUT_MS);
    });
  });

  it('long names fit on a narrow screen', async () => {
    const longName = 'a-name-that-is-longer-than-the-screen-of-any-mobile-phone-is-wide';
    const { page } = await chromium.open('about:blank', { viewport: { width: 360, height: 740 } });
    const wide = {
      ...engine,
      container_name: longName,
      vpn_container: longName,
      forwarded: true,
      health_status: 'unhealthy',
    };
    await page.route(`${origin}/engines`, (route) => route.fulfill({ json: [wide] }));
    await page.goto(`${origin}/panel/#/engines`);
    const cells = page.locator('table.engines tbody :is(th, td)');
    await page.getByText('Not responding', { exact: true }).last().waitFor();
    const edges = await cells.evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().right));
    expect(Math.max(...edges)).toBeLessThanOrEqual(360);
    const overflowing = await cells.evaluateAll((all) =>
      all
        .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
        .map((cell) => `${cell.outerHTML} ${cell.scrollWidth} > ${cell.clientWidth}`),
    );
    expect(overflowing).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });

  it('dialogs are accessible, and return the focus when closed with Escape', async () => {
    const { page } = await chromium.open(`${origin}/panel/#/engines`, { bypassCSP: true });
    const provision = page.getByRole('button', { name: 'Provision', exact: true });
    await provision.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await provision.evaluate((button) => button === document.activeElement)).toBe(true);
  });

  it('the keyboard reaches every page, and the focus moves to the new page', async () => {
    const { page } = await chromium.open(`${origin}/panel/`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Skip to content');
    await page.getByRole('link', { name: 'Cache' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Cache', level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'MAIN');
    await page.waitForFunction(() => document.title === 'Cache · Roundhouse');
  });

  it('stores the theme and the polling interval', async () => {
    const { page } = await chromium.open(`${origin}/panel/`);
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('light');
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('button', { name: /^Theme: light/ }).click();
    await page.getByLabel('Poll every').selectOption('30');
    expect(await theme()).toBe('dark');
    await page.reload();
    expect(await theme()).toBe('dark');
    expect(await page.getByLabel('Poll every').inputValue()).toBe('30');
  });
});
