import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp, type TestApp } from '../support/service/app.ts';
import {
  expectNoMisdeeds,
  FLEET,
  healthyEngines,
  PATIENCE_MS,
  play,
  type WireEngine,
} from './browser-support.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const INFOHASH = '0123456789abcdef0123456789abcdef01234567';

describeWithChromium('every page of the panel', (chromium) => {
  let app: TestApp;
  let origin: string;
  let engine: WireEngine;
  beforeAll(async () => {
    app = await startApp({ settings: FLEET });
    origin = app.url;
    [engine] = (await healthyEngines(app, 2)) as [WireEngine];
    await play(app, engine, INFOHASH);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  /** What stands on each page once it has everything. */
  const PAGES: { name: string; hash: () => string; ready: (page: Page) => Promise<void> }[] = [
    {
      name: 'overview',
      hash: () => '#/',
      ready: async (page) => {
        await page.getByText('All is well').waitFor();
        await page.getByRole('cell', { name: INFOHASH }).waitFor();
        await page.getByText('A stream has started').first().waitFor();
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
        await page.getByRole('cell', { name: INFOHASH }).waitFor();
      },
    },
    {
      name: 'cache',
      hash: () => '#/cache',
      ready: async (page) => {
        await app.get('/orchestrator/status');
        await page.getByText('With the cache').waitFor();
        await page.getByRole('rowheader', { name: 'orchestrator:status' }).first().waitFor();
      },
    },
    {
      name: 'gone',
      hash: () => '#/engines/gone',
      ready: (page) => page.getByText('no such engine any more').waitFor(),
    },
  ];

  it('the address of the service leads to the panel', async () => {
    const watched = await chromium.open(origin);
    await watched.page.getByText('All is well').waitFor({ timeout: PATIENCE_MS });
    expect(watched.page.url()).toBe(`${origin}/panel/`);
    expectNoMisdeeds(watched);
  });

  describe.each(PAGES)('$name', ({ hash, ready }) => {
    it('shows what it is for, asks no other host and breaks no rule of its policy', async () => {
      const watched = await chromium.open(`${origin}/panel/${hash()}`);
      watched.page.setDefaultTimeout(PATIENCE_MS);
      await ready(watched.page);
      expectNoMisdeeds(watched);
      const failed = watched.requests.filter((request) => !/ (200|304)$/.test(request));
      expect(failed).toEqual([]);
    });

    it.each(['light', 'dark'] as const)('is accessible in %s colours', async (colorScheme) => {
      // The policy would refuse axe too: it holds for the tests above, where nothing is injected.
      const options = { colorScheme, bypassCSP: true };
      const { page } = await chromium.open(`${origin}/panel/${hash()}`, options);
      page.setDefaultTimeout(PATIENCE_MS);
      await ready(page);
      expect(await violations(page)).toEqual([]);
    });

    it('needs no sideways scrolling on a narrow screen', async () => {
      const options = { viewport: { width: 360, height: 740 } };
      const { page } = await chromium.open(`${origin}/panel/${hash()}`, options);
      page.setDefaultTimeout(PATIENCE_MS);
      await ready(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
    });
  });

  it('names of any length stay within a narrow screen', async () => {
    const long = 'a-name-that-is-longer-than-any-screen-of-a-telephone-is-wide';
    const { page } = await chromium.open('about:blank', { viewport: { width: 360, height: 740 } });
    const odd = {
      ...engine,
      container_name: long,
      vpn_container: long,
      forwarded: true,
      health_status: 'unhealthy',
    };
    await page.route(`${origin}/engines`, (route) => route.fulfill({ json: [odd] }));
    await page.goto(`${origin}/panel/#/engines`);
    const cells = page.locator('table.engines tbody :is(th, td)');
    await page.getByText('Not answering', { exact: true }).last().waitFor();
    const edges = await cells.evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().right));
    expect(Math.max(...edges)).toBeLessThanOrEqual(360);
    const inside = await cells.evaluateAll((all) =>
      all.filter((cell) => cell.scrollWidth > cell.clientWidth + 1),
    );
    expect(inside).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });

  it('dialogs are accessible, and close with Escape to where one was', async () => {
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

  it('the keyboard alone leads to every page, and the focus follows', async () => {
    const { page } = await chromium.open(`${origin}/panel/`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Skip to content');
    await page.getByRole('link', { name: 'Cache' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Cache', level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'MAIN');
    await page.waitForFunction(() => document.title === 'Cache · Roundhouse');
  });

  it('colours and interval stay as they were chosen', async () => {
    const { page } = await chromium.open(`${origin}/panel/`);
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('light');
    await page.getByRole('button', { name: /^Colours/ }).click();
    await page.getByRole('button', { name: /^Colours: light/ }).click();
    await page.getByLabel('Poll every').selectOption('30');
    expect(await theme()).toBe('dark');
    await page.reload();
    expect(await theme()).toBe('dark');
    expect(await page.getByLabel('Poll every').inputValue()).toBe('30');
  });
});

/** What axe has found; it must have looked at something, too. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { found, passed } = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: Axe };
    const { violations, passes } = await axe.run();
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
    return { found, passed: passes.map(({ id }) => id) };
  });
  expect(passed).toEqual(expect.arrayContaining(['color-contrast', 'button-name']));
  return found;
}

interface Axe {
  run(): Promise<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    passes: { id: string }[];
  }>;
}
