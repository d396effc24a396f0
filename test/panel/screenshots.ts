/**
 * Takes the screenshots in docs/images: `npm run screenshots`. A service with local engines plays three streams for
 * 90 s first, so that the charts have data.
 */
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BrowserContextOptions, chromium } from 'playwright-core';
import { CHROMIUM_FLAGS } from '../support/browser/chromium.ts';
import { startApp } from '../support/service/app.ts';
import { findOrInstall } from '../support/system-packages.ts';
import { takeAppScreenshots } from './app-screenshots.ts';
import { healthyEngines, startStream } from './fleet.ts';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const PLAYBACK_MS = 90_000;
const WIDE = { width: 1360, height: 900 };
const NARROW = { width: 390, height: 844 };

const found = await findOrInstall({ chromium: 'chromium' });
if ('missing' in found) throw new Error(found.missing);
await using app = await startApp({
  settings: {
    MIN_REPLICAS: '5',
    MAX_REPLICAS: '12',
    HISTORY_SAMPLE_INTERVAL_S: '2',
    COLLECT_INTERVAL_S: '2',
  },
});
const origin = app.url;
const engines = await healthyEngines(app, 5);
for (const [index, engine] of engines.slice(0, 3).entries()) {
  await startStream(app, engine, `${index + 1}f`.repeat(20));
  await delay(PLAYBACK_MS / 3);
}

const browser = await chromium.launch({ executablePath: found.paths.chromium, args: CHROMIUM_FLAGS });
await mkdir(FOLDER, { recursive: true });
const takeScreenshot = async (
  name: string,
  hash: string,
  options: BrowserContextOptions,
  fullPage = false,
) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.addInitScript(() => localStorage.setItem('roundhouse-window', '300'));
  await page.goto(`${origin}/panel/${hash}`);
  await page.getByText('Live', { exact: true }).waitFor();
  await delay(4000);
  await page.screenshot({ path: `${FOLDER}${name}.png`, fullPage });
  await context.close();
};
await takeScreenshot('overview-light', '#/', { colorScheme: 'light', viewport: WIDE });
await takeScreenshot('overview-dark', '#/', { colorScheme: 'dark', viewport: WIDE });
await takeScreenshot('overview-narrow', '#/', { colorScheme: 'light', viewport: NARROW });
await takeScreenshot('engines', '#/engines', { colorScheme: 'light', viewport: WIDE });
await takeScreenshot('engine', `#/engines/${engines[0]!.container_id}`, {
  colorScheme: 'dark',
  viewport: WIDE,
});
await takeScreenshot('cache', '#/cache', { colorScheme: 'light', viewport: WIDE }, true);
await takeAppScreenshots(browser, found.paths.chromium, FOLDER);
await browser.close();
