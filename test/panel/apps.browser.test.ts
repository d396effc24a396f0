import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Origin, startOrigin } from '../service/browser/support.ts';
import { describeWithChromium, type MonitoredPage } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp, WITH_KEY } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { enterApiKey, expectNoViolations, logIn, selectInterval, setHidden } from './panel-page.ts';

describeWithChromium('the pages about browser apps', (chromium) => {
  let site: Origin;
  let app: TestApp;

  beforeAll(async () => {
    site = await startOrigin(({ url }, response) => {
      const type = url === '/lib.js' ? 'text/javascript' : 'text/html';
      const body =
        url === '/lib.js'
          ? 'globalThis.answer = 42; console.warn("loaded the library");'
          : '<title>a page</title><link rel="icon" href="data:,"><body style="background: red"><script src="/lib.js"></script>';
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    app = await startApp({
      settings: {
        CHROMIUM_PATH: (inject('chromium') as { path: string }).path,
        BROWSER_ALLOW_HOSTS: new URL(site.url).host,
        HISTORY_SAMPLE_INTERVAL_S: '1',
      },
    });
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  /** Opens a page of the panel and logs in. */
  async function open(hash: string): Promise<MonitoredPage> {
    const monitored = await chromium.open(`${app.url}/panel/`);
    const { page } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.goto(`${app.url}/panel/${hash}`);
    await logIn(page, KEY);
    return monitored;
  }

  it('ask for the key, and again if it is wrong', async () => {
    const monitored = await chromium.open(`${app.url}/panel/#/apps`);
    const { page, requests } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    const enter = page.getByRole('button', { name: 'Enter the API key' });
    await enter.click();
    await enterApiKey(page, 'a-wrong-key');
    await page.getByRole('dialog').getByText('The API key is not valid.').waitFor();
    const reads = requests.filter((request) => /^GET \/(apps|browser|profiles)/.test(request));
    expect(reads).toEqual([]);
    await enterApiKey(page, KEY);
    await page.getByText('No apps installed').waitFor();
    expect(monitored.foreignRequests).toEqual([]);
    await page.getByRole('button', { name: 'Log out' }).click();
    await enter.waitFor();
  });

  it('install an app by form or by file, start it, and show its session and its cache', async () => {
    const monitored = await open('#/apps');
    const { page } = monitored;
    await selectInterval(page, 2);
    await page.getByRole('button', { name: 'Install the first app' }).click();
    const dialog = page.getByRole('dialog', { name: 'Install an app' });
    await dialog.getByLabel('Type').selectOption('web-app');
    await dialog.getByLabel('URL', { exact: true }).fill('not a URL');
    await dialog.getByRole('button', { name: 'Install' }).click();
    await dialog
      .getByRole('alert')
      .getByText('manifest.name must not have fewer than 1 characters')
      .waitFor();
    await dialog.getByLabel('Name').fill('A Page');
    await dialog.getByLabel('URL', { exact: true }).fill(`${site.url}/`);
    await dialog.getByLabel(/^URL patterns/).fill(`${site.url}/*`);
    await dialog.getByRole('button', { name: 'Install' }).click();
    await page.getByRole('heading', { name: 'A Page', level: 1 }).waitFor();
    expect(page.url()).toContain('#/apps/default/a-page');

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText(/^A Page started in/).waitFor();
    await page.getByRole('cell', { name: 'Running' }).waitFor();
    await page
      .getByRole('rowheader', { name: `${site.url}/lib.js` })
      .first()
      .waitFor();
    await page.getByLabel('URL', { exact: true }).fill(`${site.url}/lib.js`);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('miss', { exact: false }).first().waitFor();

    await page.getByRole('table').first().getByRole('link', { name: 'A Page' }).click();
    await page.getByRole('img', { name: 'What A Page shows' }).waitFor();
    await page.waitForFunction(() => {
      const canvas = document.querySelector('canvas[aria-label^="What"]') as HTMLCanvasElement | null;
      const pixel = canvas && canvas.width > 0 && canvas.getContext('2d')!.getImageData(5, 5, 1, 1).data;
      return pixel && pixel[0]! > 200 && pixel[1]! < 60;
    });
    await page.getByRole('log').getByText('loaded the library').waitFor();
    await page.getByLabel('Level').selectOption('error');
    await page.getByText('No message of this level').waitFor();
    await page.getByLabel(/^JavaScript/).fill('answer + document.title');
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.getByText('"42a page"').waitFor();
    await page.getByRole('combobox', { name: 'Cache mode' }).selectOption('offline');
    await page.getByText('The cache mode is offline').waitFor();

    await waitUntil(
      'an unchanged screenshot is answered with 304',
      () => monitored.requests.some((request) => /screenshot\?type=jpeg 304$/.test(request)),
      TIMEOUT_MS,
    );
    await setHidden(page, true);
    await page.evaluate(() => {});
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    const [session] = (await app.get('/browser/sessions', WITH_KEY)).body as { id: string }[];
    await app.request('PATCH', `/browser/sessions/${session!.id}`, {
      headers: WITH_KEY,
      body: { mode: 'record' },
    });
    await waitUntil(
      'the log and the live connection are closed',
      () => monitored.requests.filter((request) => /(logs\?.*|live) failed$/.test(request)).length >= 2,
      TIMEOUT_MS,
    );
    await page.evaluate(() => {});
    expect(sent).toEqual([]);
    await setHidden(page, false);
    await page.waitForFunction(
      () =>
        (document.querySelector('select[aria-label="Cache mode"]') as HTMLSelectElement).value === 'record',
    );
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('Session stopped').waitFor();
    await page.getByText('The last screenshot before the session ended.').waitFor();
    // Chromium reports the refused manifest.
    const errors = monitored.errors.filter((error) => !error.includes('status of 400'));
    expectNoViolations({ ...monitored, errors });
    await page.context().close();
  });

  it('accept a dropped manifest, and uninstall with confirmation', async () => {
    const monitored = await open('#/apps');
    const { page } = monitored;
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Install' }).first().waitFor();
    const drop = async (text: string) => {
      const data = await page.evaluateHandle((content) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], 'manifest.json', { type: 'application/json' }));
        return transfer;
      }, text);
      await page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer: data });
    };
    await drop('{ "type": "window", "name": "", "colour": "red" }');
    const dialog = page.getByRole('dialog', { name: 'Install an app' });
    await dialog.getByRole('button', { name: 'Install' }).click();
    const faults = dialog.getByRole('alert').getByRole('listitem');
    await faults.first().waitFor();
    expect((await faults.allTextContents()).join()).toMatch(/colour.*manifest\.name/);
    await page.keyboard.press('Escape');
    await drop(
      JSON.stringify({
        workspace: 'team',
        manifest: { type: 'window', name: 'Dropped', source: '<h1>hi</h1>' },
      }),
    );
    expect(await dialog.getByLabel('Workspace').inputValue()).toBe('team');
    await dialog.getByRole('button', { name: 'Install' }).click();
    await page.getByRole('heading', { name: 'Dropped', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Uninstall' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Uninstall' }).click();
    await page.getByText('This app is not installed').waitFor();
    await page.getByRole('link', { name: 'All apps' }).click();
    await page.getByRole('link', { name: 'Dropped' }).waitFor({ state: 'detached' });
    expect(monitored.foreignRequests).toEqual([]);
    await page.context().close();
  });
});
