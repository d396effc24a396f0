import puppeteer, { type Browser } from 'puppeteer-core';
import { describe, expect, inject, test } from 'vitest';
import { afterLaunch, beforeClose } from '../../../src/library/browser-state/index.ts';
import { CHROMIUM_FLAGS } from '../../support/browser/chromium.ts';
import { FULL_STATE, startSite } from './site.ts';
import { openLocalHosts } from './support.ts';

const provided = inject('chromium');

describe.skipIf('missing' in provided)('Puppeteer', () => {
  const launch = (userDataDir: string) =>
    puppeteer.launch({
      ...('path' in provided && { executablePath: provided.path }),
      ...{ userDataDir, args: CHROMIUM_FLAGS, timeout: 60_000 },
    });

  async function evaluate(browser: Browser, url: string, expression: string): Promise<unknown> {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.evaluate(expression);
  }

  test('keeps all state, session cookies included, with the hooks', async () => {
    const { a, b } = await openLocalHosts();
    await using site = await startSite();
    {
      await using mount = await a.mount('user', 's1');
      const browser = await launch(mount.dir);
      expect(await afterLaunch(mount, browser)).toEqual({ sessionCookies: 0 });
      await evaluate(browser, `${site.url}/login`, 'fill()');
      const last = await beforeClose(browser);
      await browser.close();
      expect(await mount.commit(last)).toBe(1);
    }
    await using mount = await b.mount('user', 's1');
    const browser = await launch(mount.dir);
    expect(await afterLaunch(mount, browser)).toEqual({ sessionCookies: 1 });
    expect(await evaluate(browser, site.url, 'state()')).toEqual(FULL_STATE);
    await browser.close();
  });
});
