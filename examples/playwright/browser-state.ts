/**
 * A profile that moves from one host to another, in Playwright. Run it from the root of the project:
 *
 *     CHROMIUM_PATH=/usr/bin/chromium node --conditions=roundhouse:source examples/playwright/browser-state.ts URL
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { LocalStore, ProfileStore, withBrowser } from 'roundhouse/browser-state';

const [url = 'https://example.com/'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
const launch = {
  ...(process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : { channel: 'chromium' }),
  // Chromium's sandbox does not start as root.
  args: ['--headless', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
};

for (const host of ['first', 'second']) {
  await using store = await ProfileStore.open({
    driver: new LocalStore({ folder: join(folder, 'storage') }),
    workFolder: join(folder, host),
  });
  await using mount = await store.mount('alice', 'shop');
  const visits = await withBrowser(chromium, mount, { launch }, async (context) => {
    const page = await context.newPage();
    await page.goto(url);
    return await page.evaluate('localStorage.visits = Number(localStorage.visits ?? 0) + 1');
  });
  process.stdout.write(`${host} host: visit ${visits}, saved as version ${mount.version}\n`);
}
await rm(folder, { recursive: true });
