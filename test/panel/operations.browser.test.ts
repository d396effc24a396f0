import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWithChromium, type MonitoredPage } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp, WITH_KEY } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { FLEET_SETTINGS, healthyEngines, TIMEOUT_MS } from './fleet.ts';
import { enterApiKey, expectNoViolations } from './panel-page.ts';

describeWithChromium('operations of the panel', (chromium) => {
  let app: TestApp;
  let origin: string;
  let monitored: MonitoredPage;
  let page: Page;

  async function open(hash: string, settings: Record<string, string>): Promise<void> {
    app = await startApp({ settings: { ...FLEET_SETTINGS, ...settings } });
    origin = app.url;
    monitored = await chromium.open(`${origin}/panel/${hash}`);
    page = monitored.page;
    page.setDefaultTimeout(TIMEOUT_MS);
  }
  afterEach(async () => {
    await page.context().close();
    await app[Symbol.asyncDispose]();
  });

  describe('without engines', () => {
    beforeEach(() => open('#/engines', { MIN_REPLICAS: '0' }));

    it('provisions the first engine with a label, and deletes it', async () => {
      await page.getByRole('button', { name: 'Provision the first engine' }).click();
      const dialog = page.getByRole('dialog', { name: 'Provision an engine' });
      await dialog.getByText('0 of at most 6 engines').waitFor();
      await dialog.getByLabel(/^Labels/).fill('team=red\nnot a label');
      await dialog.getByText('is not a valid label name').waitFor();
      expect(await dialog.getByRole('button', { name: 'Provision' }).isDisabled()).toBe(true);
      await dialog.getByLabel(/^Labels/).fill('team=red');
      await dialog.getByRole('button', { name: 'Provision' }).click();
      await enterApiKey(page, KEY);
      await page.getByText(/is healthy$/).waitFor();
      const [engine] = await healthyEngines(app, 1);
      const row = page.getByRole('row', { name: new RegExp(engine!.container_name) });
      await row.getByText('Healthy').waitFor();

      await page.getByLabel('Filter by name or label').fill('team=blue');
      await page.getByText('No engine matches the filter').waitFor();
      await page.getByRole('button', { name: 'Show all engines' }).click();
      await row.getByRole('link').click();
      await page.getByRole('rowheader', { name: 'team' }).waitFor();

      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      const confirmation = page.getByRole('dialog', { name: `Delete ${engine!.container_name}?` });
      await confirmation.getByRole('button', { name: 'Cancel' }).click();
      await healthyEngines(app, 1);
      await page.getByRole('button', { name: 'Delete' }).click();
      // The key is stored, so there is no second prompt.
      await confirmation.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('This engine no longer exists').waitFor();
      expect((await app.get('/engines')).body).toEqual([]);
      expectNoViolations(monitored);
    });

    it('changes the settings of engines, keeps them as a template, and replaces all engines', async () => {
      await app.post('/scale/1');
      const [before] = await healthyEngines(app, 1);
      await page.getByRole('link', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Enter the API key' }).click();
      await enterApiKey(page, KEY);
      await page.getByLabel('Use these settings').check();
      await page.getByLabel('Platform').selectOption('arm64');
      await page.getByLabel('Version for ARM').selectOption('3.2.14');
      await page.getByLabel('Value of --live-buffer').fill('25');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('Settings saved').waitFor();
      const { body: stored } = await app.request('GET', '/custom-variant/config', { headers: WITH_KEY });
      expect(stored).toMatchObject({ enabled: true, platform: 'arm64', arm_version: '3.2.14' });
      const buffer = { name: '--live-buffer', type: 'int', value: 25, enabled: true };
      expect(stored.parameters).toContainEqual(buffer);

      await page.getByLabel('Name of template 2').fill('big buffer');
      const row = page.getByRole('row').filter({ has: page.getByLabel('Name of template 2') });
      await row.getByRole('button', { name: 'Save here' }).click();
      await page.getByText('big buffer saved').waitFor();
      await page.getByLabel('Use these settings').uncheck();
      await row.getByRole('button', { name: 'Activate' }).click();
      await row.getByText('active', { exact: true }).waitFor();
      await waitUntil(
        'the template is shown',
        () => page.getByLabel('Use these settings').isChecked(),
        TIMEOUT_MS,
      );

      await page.getByRole('button', { name: 'Replace all engines' }).click();
      await page.getByText('Replaced 1 of 1 engines').waitFor();
      const [after] = await healthyEngines(app, 1);
      expect(after!.container_id).not.toBe(before!.container_id);
      expectNoViolations(monitored);
    });

    it('scales up and down', async () => {
      await page.getByRole('button', { name: 'Scale', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Scale the engines' });
      await dialog.getByLabel('Number of engines').fill('3');
      await dialog.getByText('3 engines will be started.').waitFor();
      await dialog.getByRole('button', { name: 'Scale' }).click();
      await enterApiKey(page, KEY);
      await page.getByText('Scaled to 3 engines').waitFor();
      await page.getByRole('heading', { name: '3 engines' }).waitFor();

      await page.getByRole('button', { name: 'Scale', exact: true }).click();
      await dialog.getByLabel('Number of engines').fill('99');
      await dialog.getByText('3 engines will be started. The limits are 0 and 6.').waitFor();
      await dialog.getByLabel('Number of engines').fill('1');
      await dialog.getByText('2 engines will be removed.').waitFor();
      await dialog.getByRole('button', { name: 'Scale' }).click();
      await page.getByText('Scaled to 1 engine').waitFor();
      expectNoViolations(monitored);
    });
  });

  describe('with engines', () => {
    beforeEach(() => open('#/cache', {}));

    it('clears the cache by pattern and completely, prompts again after a wrong key, and sends nothing without a key', async () => {
      await app.get('/orchestrator/status');
      await page.getByRole('rowheader', { name: 'orchestrator:status' }).first().waitFor();
      const clear = async (pattern: string, action: string) => {
        await page.getByRole('button', { name: 'Clear …' }).click();
        const dialog = page.getByRole('dialog', { name: 'Clear the cache' });
        await dialog.getByLabel(/^Key pattern/).fill(pattern);
        await dialog.getByRole('button', { name: action }).click();
      };
      await clear('stats:*', 'Clear matching');
      await page
        .getByRole('dialog', { name: 'API key required' })
        .getByRole('button', { name: 'Cancel' })
        .click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(monitored.requests.filter((request) => request.startsWith('POST'))).toEqual([]);

      await clear('stats:*', 'Clear matching');
      await enterApiKey(page, 'not-the-key');
      await page.getByText('The API key is not valid.').waitFor();
      await enterApiKey(page, KEY);
      await page.getByText(/entr(y|ies) cleared$/).waitFor();
      await clear('', 'Clear all');
      await waitUntil(
        'both requests succeeded',
        () => monitored.requests.filter((one) => one === 'POST /cache/clear 200').length === 2,
        TIMEOUT_MS,
      );

      // The browser logs the rejected request.
      expect(monitored.errors.splice(0).join()).toMatch(/^[^,]*401[^,]*$/);
      expectNoViolations(monitored);
    });

    it('keeps the API key nowhere, stays logged in after a reload, and logs out', async () => {
      const clear = async () => {
        await page.getByRole('button', { name: 'Clear …' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Clear all' }).click();
      };
      await clear();
      await enterApiKey(page, KEY);
      await page.getByText(/cleared$/).waitFor();
      const stored = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
      );
      expect(stored).not.toContain(KEY);
      expect(monitored.requests.join()).not.toContain(KEY);
      await page.reload();
      await clear();
      await page.getByText(/cleared$/).waitFor();
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('button', { name: 'Log out' }).waitFor({ state: 'detached' });
      await clear();
      await page.getByRole('dialog', { name: 'API key required' }).waitFor();
      expectNoViolations(monitored);
    });
  });

  it('reads and follows the log of an engine', async () => {
    await open('#/', {});
    const [engine] = await healthyEngines(app, 2);
    await page.goto(`${origin}/panel/#/engines/${engine!.container_id}`);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await enterApiKey(page, KEY);
    await page.getByRole('button', { name: 'Stop following' }).waitFor();
    const log = page.getByRole('log');
    await log.filter({ hasText: /\w/ }).waitFor();
    await page.getByRole('button', { name: 'Stop following' }).click();
    await page.getByLabel('Number of lines').selectOption('1000');
    await waitUntil(
      'the log was read',
      () => monitored.requests.some((one) => /logs\?tail=1000 200$/.test(one)),
      TIMEOUT_MS,
    );
    // With a key, the log opens at once.
    await page.reload();
    await page.getByRole('button', { name: 'Stop following' }).waitFor();
    const all = await log.textContent();
    await page.getByLabel('Search the log').fill('a text that no line has');
    await page.getByText('0 lines match').waitFor();
    await page.getByLabel('Search the log').fill('');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(`${engine!.container_name}.log`);
    expect(await readFile(await download.path(), 'utf8')).toContain(all!.trim());
    expectNoViolations(monitored);
  });

  it('shows markup in names as text', async () => {
    await open('#/engines', { MIN_REPLICAS: '0' });
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    const response = await app.post('/provision/acestream', { labels: { markup } });
    const { container_id } = response.body as { container_id: string };
    await app.post('/events/stream_started', {
      container_id,
      engine: { host: '127.0.0.1', port: 1 },
      stream: { key_type: 'url', key: markup },
      session: {
        playback_session_id: markup,
        stat_url: 'http://127.0.0.1:1/',
        command_url: 'http://127.0.0.1:1/',
        is_live: 1,
      },
    });
    for (const hash of [`#/engines/${container_id}`, '#/', '#/engines']) {
      await page.goto(`${origin}/panel/${hash}`);
      if (hash !== '#/engines') await page.getByRole('cell', { name: markup }).first().waitFor();
      expect(await page.title()).toContain('Roundhouse');
      expect(await page.locator('main img[src], main script').count()).toBe(0);
    }
    expectNoViolations(monitored);
  });

  it('shows the login page if reads require the API key', async () => {
    await open('#/', { AUTH_READS: 'true' });
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await page.getByRole('img').count()).toBe(0);
    await page.getByLabel('API key').fill('not-the-key');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The API key is not valid.').waitFor();
    await page.getByLabel('API key').fill(KEY);
    await page.getByLabel('Remember me').check();
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('All systems operational').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Log in' }).waitFor({ state: 'detached' });
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect(cookie!.expires).toBeGreaterThan(Date.now() / 1000 + 86_400);
    await page.reload();
    await page.getByText('All systems operational').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
});
