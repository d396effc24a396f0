import { type BrowserContext, chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { withBrowser } from '../../../src/library/browser-state/index.ts';
import { CHROMIUM_FLAGS } from '../../support/browser/chromium.ts';
import { FULL_STATE, startSite } from './site.ts';
import { openLocalHosts } from './support.ts';

const provided = inject('chromium');
const options = {
  launch: 'path' in provided ? { executablePath: provided.path, args: CHROMIUM_FLAGS, timeout: 60_000 } : {},
};

/** Opens a page of the site and runs an expression in it. */
async function evaluate(context: BrowserContext, url: string, expression: string): Promise<unknown> {
  const page = await context.newPage();
  await page.goto(url);
  return await page.evaluate(expression);
}

describe.skipIf('missing' in provided)('Chromium', () => {
  test('is still logged in on another host, with all it had stored', async () => {
    const { a, b } = await openLocalHosts();
    await using site = await startSite();
    {
      await using mount = await a.mount('user', 's1');
      await withBrowser(chromium, mount, options, async (context) => {
        await evaluate(context, `${site.url}/login`, 'fill()');
        expect(await evaluate(context, site.url, 'state()')).toEqual(FULL_STATE);
      });
      expect(mount.version).toBe(1);
    }
    await using mount = await b.mount('user', 's1');
    await withBrowser(chromium, mount, options, async (context) => {
      expect(await evaluate(context, site.url, 'state()')).toEqual(FULL_STATE);
    });
    const [newest] = await b.versions('user', 's1');
    expect(newest).toMatchObject({ version: 2, reason: 'commit' });
  });
});
