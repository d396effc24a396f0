import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AppClient, type Origin, startOrigin } from '../service/browser/support.ts';
import { describeWithChromium, type MonitoredPage, type PageOptions } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp, WITH_KEY } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { violations } from './axe.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations, logIn } from './panel-page.ts';

const LONG = 'a-very-long-path-segment-without-any-break/'.repeat(6);

describeWithChromium('all pages about browser apps', (chromium) => {
  let site: Origin;
  let app: TestApp;
  let client: AppClient;
  let running: string;

  beforeAll(async () => {
    site = await startOrigin(({ url }, response) => {
      const isScript = url?.endsWith('.js');
      const body = isScript
        ? 'console.log("a line ".repeat(40)); console.warn("careful"); console.error("broken");'
        : `<title>a page</title><link rel="icon" href="data:,"><script src="/${LONG}lib.js"></script>`;
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' }).end(body);
    });
    app = await startApp({
      settings: {
        CHROMIUM_PATH: (inject('chromium') as { path: string }).path,
        BROWSER_ALLOW_HOSTS: new URL(site.url).host,
        HISTORY_SAMPLE_INTERVAL_S: '1',
      },
    });
    client = new AppClient(app);
    const path = await client.install({
      type: 'web-app',
      name: 'A page with a name that is longer than a phone is wide',
      version: '1.0.0',
      description: 'For tests',
      url: `${site.url}/`,
      cache_routes: [{ match: '*.js', ttl_s: 60 }],
    });
    const first = await client.start(path, { profile: 'main' });
    await client.call('DELETE', first);
    await client.start(path, { profile: 'main' }).then((session) => client.call('DELETE', session));
    running = (await client.start(path)).split('/').at(-1)!;
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  async function open(hash: string, options: PageOptions = {}, service = app): Promise<MonitoredPage> {
    const monitored = await chromium.open(`${service.url}/panel/`, options);
    monitored.page.setDefaultTimeout(TIMEOUT_MS);
    await monitored.page.goto(`${service.url}/panel/${hash}`);
    await logIn(monitored.page, KEY);
    return monitored;
  }

  const APP = () =>
    `#/apps/w/${encodeURIComponent('a-page-with-a-name-that-is-longer-than-a-phone-is-wide')}`;
  const PAGES: { name: string; hash: () => string; ready: (page: Page) => Promise<void> }[] = [
    {
      name: 'key',
      hash: () => '#/apps',
      ready: (page) => page.getByRole('button', { name: 'Enter the API key' }).waitFor(),
    },
    {
      name: 'apps',
      hash: () => '#/apps',
      ready: async (page) => {
        await page.getByRole('cell', { name: 'External page' }).waitFor();
        await page.getByText('Running').first().waitFor();
      },
    },
    {
      name: 'install',
      hash: () => '#/apps',
      ready: async (page) => {
        const button = page.getByRole('button', { name: 'Install' }).first();
        await button.waitFor();
        if (!(await page.getByRole('dialog').isVisible())) await button.click();
        await page.getByRole('dialog', { name: 'Install an app' }).waitFor();
      },
    },
    {
      name: 'app',
      hash: APP,
      ready: async (page) => {
        await page
          .getByRole('rowheader', { name: /lib\.js/ })
          .nth(1)
          .waitFor();
        await page.getByText('Cold', { exact: true }).waitFor();
        await page.getByRole('img', { name: /^Requests\. hits/ }).waitFor();
      },
    },
    {
      name: 'session',
      hash: () => `#/sessions/${running}`,
      ready: async (page) => {
        await page.getByRole('img', { name: /^What A page/ }).waitFor();
        await page.getByRole('log').getByText('broken').waitFor();
        await page.getByText('From upstream').first().waitFor();
      },
    },
    {
      name: 'profiles',
      hash: () => '#/profiles',
      ready: (page) => page.getByRole('link', { name: 'main' }).waitFor(),
    },
    {
      name: 'profile',
      hash: () => '#/profiles/w/main',
      ready: (page) => page.getByRole('button', { name: 'Roll back 1' }).waitFor(),
    },
    {
      name: 'app not found',
      hash: () => '#/apps/w/unknown',
      ready: (page) => page.getByText('This app is not installed').waitFor(),
    },
    {
      name: 'session not found',
      hash: () => '#/sessions/unknown',
      ready: (page) => page.getByText('This session no longer exists').waitFor(),
    },
  ];

  describe.each(PAGES)('$name', ({ name, hash, ready }) => {
    it('is accessible in both themes, fits any width, and works with the keyboard', async () => {
      // The content security policy would block axe.
      const { page } = await open(hash(), { bypassCSP: true });
      if (name === 'key') await page.getByRole('button', { name: 'Log out' }).click();
      await ready(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
        expect(await violations(page), colorScheme).toEqual([]);
      }
      for (const width of [1440, 1024, 768, 360]) {
        await page.setViewportSize({ width, height: 800 });
        const actual = () => page.evaluate(() => document.documentElement.scrollWidth);
        await waitUntil(`the page fits ${width} px`, async () => (await actual()) <= width, TIMEOUT_MS);
      }
      await ready(page);
      expect(await violations(page), 'narrow').toEqual([]);
      const unreachable = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('main button, main a, main input, main select')]
          .filter((element) => element.checkVisibility() && element.tabIndex < 0)
          .map((element) => element.outerHTML),
      );
      expect(unreachable).toEqual([]);
      await page.context().close();
    });

    it('has no errors, and reads again with 304', async () => {
      const monitored = await open(hash());
      const { page } = monitored;
      if (name === 'key') await page.getByRole('button', { name: 'Log out' }).click();
      await ready(page);
      if (/^(apps|app|session|profiles|profile)$/.test(name)) {
        await page.getByLabel('Poll every').selectOption('2');
        const isUnmodified = (request: string) => /^GET \/(apps|browser|profiles).* 304$/.test(request);
        await waitUntil('a read has status 304', () => monitored.requests.some(isUnmodified), TIMEOUT_MS);
      }
      const errors = monitored.errors.filter((error) => !error.includes('status of 404'));
      expectNoViolations({ ...monitored, errors });
      await page.context().close();
    });
  });

  it('the chart of an app shows its traffic', async () => {
    const { page } = await open(APP());
    await page.getByRole('img', { name: /^Requests\. hits: .*, between 0 and [1-9]/ }).waitFor();
    await page.getByRole('img', { name: /^Bytes\. saved: .*, between 0 B and [1-9]/ }).waitFor();
    await page.context().close();
  });

  it('entries are filtered and cleared by pattern, and warmed again', async () => {
    const { page } = await open(APP());
    const stored = page.getByRole('region', { name: 'Stored responses' });
    await stored.getByRole('rowheader', { name: /lib\.js/ }).waitFor();
    await stored.getByLabel('URL pattern').fill('*.css');
    await stored.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('No stored response matches the pattern').waitFor();
    await stored.getByLabel('URL pattern').fill('*.js');
    await stored.getByRole('button', { name: /^Clear/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Clear the cache?' });
    await dialog.getByText('whose URL matches *.js').waitFor();
    await dialog.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('1 entry removed').waitFor();
    await page.getByLabel(/^URLs to request/).fill(`${site.url}/${LONG}lib.js`);
    await page.getByRole('button', { name: 'Warm' }).click();
    await page.getByText('1 URL requested').waitFor();
    await page.getByLabel(/^URLs to request/).fill(`${site.url}/`);
    await page.getByRole('button', { name: 'Warm' }).click();
    await page.getByText(/No rule of the app selects the URL/).waitFor();
    await page.context().close();
  });

  it('a profile is forked, rolled back and deleted', async () => {
    const { page } = await open('#/profiles/w/main');
    await page.getByRole('button', { name: 'Roll back 1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('Version 3 has the content of version 1').waitFor();
    await page.getByRole('button', { name: 'Fork 3' }).click();
    await page.getByLabel('Name of the new profile').fill('copy');
    await page.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
    await page.getByText(/^copy created \(.* [kM]?B\)/).waitFor();
    await page.getByRole('link', { name: 'All profiles' }).click();
    await page.getByRole('link', { name: 'copy' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('This profile does not exist').waitFor();
    expect((await client.call('GET', '/profiles')).body).toMatchObject([
      { user: 'w', session: 'main', version_count: 3, version: 3 },
    ]);
    await page.context().close();
  });

  it('a session that fails is shown with its reason, and removed', async () => {
    await client.install(
      { type: 'window', name: 'never', startup_config: { wait_for_service: 'x' } },
      {
        source: '<p>never ready</p>',
      },
    );
    const { page } = await open('#/apps/w/never');
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
    await client.call('POST', '/apps/w/never/sessions', { timeout_s: 1 });
    await page.getByRole('cell', { name: 'Failed' }).waitFor();
    await page.getByRole('table').first().getByRole('link', { name: 'never' }).click();
    await page.getByText('the app was not ready after 1 s').waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('This session no longer exists').waitFor();
    await page.context().close();
  });

  it('without Chromium, the command that installs it is shown, and nothing is broken', async () => {
    await using without = await startApp({ settings: { CHROMIUM_PATH: '/nonexistent/chromium' } });
    for (const hash of ['#/apps', '#/apps/w/a']) {
      const { page, foreignRequests } = await open(hash, {}, without);
      await page.getByText('Chromium is not available').waitFor();
      await page.getByText('sudo apt-get install --yes chromium', { exact: true }).waitFor();
      expect(await page.getByText('The service is not responding').count()).toBe(0);
      expect(foreignRequests).toEqual([]);
      await page.context().close();
    }
    const { page } = await open('#/profiles', {}, without);
    await page.getByText('No profiles').waitFor();
    await page.context().close();
  });

  it('with BROWSER_EXECUTE=false, there is no box for scripts', async () => {
    await using other = await startApp({
      settings: { CHROMIUM_PATH: (inject('chromium') as { path: string }).path, BROWSER_EXECUTE: 'false' },
    });
    const path = await new AppClient(other).install({ type: 'window', name: 'a' }, { source: '<p>hi</p>' });
    const { body } = await other.request('POST', `${path}/sessions`, { headers: WITH_KEY });
    const { page } = await open(`#/sessions/${body.id}`, {}, other);
    await page.getByRole('img', { name: 'What a shows' }).waitFor();
    expect(await page.getByLabel(/^JavaScript/).count()).toBe(0);
    await page.context().close();
  });
});
