import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { freePortRange } from '../support/http/port-range.ts';
import { startApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { violations } from './axe.ts';
import { startStream } from './fleet.ts';

const WIDTHS = [1440, 1024, 768, 360];
const START_MS = 240_000;
const WAIT_MS = 60_000;

describeWithChromium('fleets in the panel', (chromium) => {
  it.each([1, 12, 60])('%i engines, in both themes and from 1440 to 360 px', async (count) => {
    // 50 ports each; an engine uses two.
    const { first, last } = await freePortRange(3);
    await using app = await startApp({
      settings: {
        MIN_REPLICAS: String(count),
        MAX_REPLICAS: '64',
        HISTORY_SAMPLE_INTERVAL_S: '2',
        PORT_RANGE_HOST: `${first}-${last}`,
      },
    });
    const healthy = async () => {
      const { body } = await app.get('/engines');
      return (
        body.length === count &&
        body.every((one: { health_status: string }) => one.health_status === 'healthy') &&
        body
      );
    };
    const engines = await waitUntil(`${count} healthy engines`, healthy, START_MS);
    for (const [index, engine] of engines.slice(0, 8).entries())
      await startStream(app, engine, String(index).repeat(40));
    // The content security policy would block axe.
    const { page } = await chromium.open(`${app.url}/panel/`, { bypassCSP: true });
    page.setDefaultTimeout(WAIT_MS);
    const pages: [hash: string, ready: () => Promise<void>][] = [
      ['#/', () => page.getByText(`${count} of ${count} engine`).first().waitFor()],
      ['#/engines', () => page.getByRole('link', { name: engines.at(-1).container_name }).waitFor()],
      [
        `#/engines/${engines[0].container_id}`,
        () => page.getByRole('img', { name: /^Memory\. in use: .*MB/ }).waitFor(),
      ],
      ['#/events', () => page.getByText('Engine', { exact: false }).first().waitFor()],
    ];
    for (const [hash, ready] of pages) {
      await page.goto(`${app.url}/panel/${hash}`);
      await ready();
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const isNarrow = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
        await waitUntil(`${hash} is ${width} px wide`, isNarrow, WAIT_MS);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.waitForFunction(
            (theme) => document.documentElement.dataset.theme === theme,
            colorScheme,
          );
          expect(await violations(page), `${hash} ${width} ${colorScheme}`).toEqual([]);
        }
      }
    }
    // 60 engines took 13,000 px.
    await page.goto(`${app.url}/panel/#/engines`);
    await page.getByRole('link', { name: engines.at(-1).container_name }).waitFor();
    expect(await heightOf(page)).toBeLessThanOrEqual(800 + 120 * count);
  });

  it('the language is that of the browser, and one that is selected is kept', async () => {
    await using app = await startApp({ settings: { MIN_REPLICAS: '1' } });
    const { page } = await chromium.open(`${app.url}/panel/`, { locale: 'es-ES' });
    page.setDefaultTimeout(WAIT_MS);
    await page.getByText('Todo funciona').waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('es');
    await page.getByLabel('Idioma').selectOption('en');
    await page.getByText('All systems operational').waitFor();
    await page.reload();
    await page.getByText('All systems operational').waitFor();
  });

  it('can be installed', async () => {
    await using app = await startApp({ settings: { MIN_REPLICAS: '0' } });
    const { page } = await chromium.open(`${app.url}/panel/`);
    const session = await page.context().newCDPSession(page);
    const { errors, url } = await session.send('Page.getAppManifest');
    expect([url, errors]).toEqual([`${app.url}/panel/manifest.webmanifest`, []]);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // A page of Playwright is in an incognito window.
    expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']);
  });
});

function heightOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollHeight);
}
