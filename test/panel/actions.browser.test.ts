import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWithChromium, type WatchedPage } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { expectNoMisdeeds, FLEET, giveKey, healthyEngines, PATIENCE_MS } from './browser-support.ts';

describeWithChromium('what the panel can do', (chromium) => {
  let app: TestApp;
  let origin: string;
  let watched: WatchedPage;
  let page: Page;

  async function open(hash: string, settings: Record<string, string>): Promise<void> {
    app = await startApp({ settings: { ...FLEET, ...settings } });
    origin = app.url;
    watched = await chromium.open(`${origin}/panel/${hash}`);
    page = watched.page;
    page.setDefaultTimeout(PATIENCE_MS);
  }
  afterEach(async () => {
    await page.context().close();
    await app[Symbol.asyncDispose]();
  });

  describe('without any engine', () => {
    beforeEach(() => open('#/engines', { MIN_REPLICAS: '0' }));

    it('it says what to do, and the first engine comes, with labels, and goes again', async () => {
      await page.getByRole('button', { name: 'Provision the first engine' }).click();
      const dialog = page.getByRole('dialog', { name: 'Provision an engine' });
      await dialog.getByText('0 of at most 6 engines').waitFor();
      await dialog.getByLabel(/^Labels/).fill('team=red\nnot a label');
      await dialog.getByText('cannot be the name of a label').waitFor();
      expect(await dialog.getByRole('button', { name: 'Provision' }).isDisabled()).toBe(true);
      await dialog.getByLabel(/^Labels/).fill('team=red');
      await dialog.getByRole('button', { name: 'Provision' }).click();
      await giveKey(page, KEY);
      await page.getByText(/is healthy$/).waitFor();
      const [engine] = await healthyEngines(app, 1);
      const row = page.getByRole('row', { name: new RegExp(engine!.container_name) });
      await row.getByText('Healthy').waitFor();

      await page.getByLabel('Filter by name or label').fill('team=blue');
      await page.getByText('No engine fits the filter').waitFor();
      await page.getByRole('button', { name: 'Show all engines' }).click();
      await row.getByRole('link').click();
      await page.getByRole('rowheader', { name: 'team' }).waitFor();

      await page.getByRole('button', { name: 'Delete' }).click();
      const confirmation = page.getByRole('dialog', { name: 'Delete this engine?' });
      await confirmation.getByRole('button', { name: 'Cancel' }).click();
      await healthyEngines(app, 1);
      await page.getByRole('button', { name: 'Delete' }).click();
      // The key was given once; it is not asked for again.
      await confirmation.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('There is no such engine any more').waitFor();
      expect((await app.get('/engines')).body).toEqual([]);
      expectNoMisdeeds(watched);
    });

    it('it scales up and down, and tells how far it has come', async () => {
      await page.getByRole('button', { name: 'Scale', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Scale the engines' });
      await dialog.getByLabel('Engines wanted').fill('3');
      await dialog.getByText('3 engines will be started.').waitFor();
      await dialog.getByRole('button', { name: 'Scale' }).click();
      await giveKey(page, KEY);
      await page.getByText('3 engines, as asked for').waitFor();
      await page.getByRole('heading', { name: '3 engines' }).waitFor();

      await page.getByRole('button', { name: 'Scale', exact: true }).click();
      await dialog.getByLabel('Engines wanted').fill('99');
      await dialog.getByText('3 engines will be started. The limits are 0 and 6.').waitFor();
      await dialog.getByLabel('Engines wanted').fill('1');
      await dialog.getByText('2 engines will be removed.').waitFor();
      await dialog.getByRole('button', { name: 'Scale' }).click();
      await page.getByText('1 engine, as asked for').waitFor();
      expectNoMisdeeds(watched);
    });
  });

  describe('with engines', () => {
    beforeEach(() => open('#/cache', {}));

    it('the cache is cleared by pattern and as a whole; a wrong key is asked for again, none is given up', async () => {
      await app.get('/orchestrator/status');
      await page.getByRole('rowheader', { name: 'orchestrator:status' }).first().waitFor();
      const clear = async (pattern: string, action: string) => {
        await page.getByRole('button', { name: 'Clear …' }).click();
        const dialog = page.getByRole('dialog', { name: 'Clear the cache' });
        await dialog.getByLabel(/^Keys/).fill(pattern);
        await dialog.getByRole('button', { name: action }).click();
      };
      await clear('stats:*', 'Clear what fits');
      await page
        .getByRole('dialog', { name: 'The key, please' })
        .getByRole('button', { name: 'Cancel' })
        .click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(watched.requests.filter((request) => request.startsWith('POST'))).toEqual([]);

      await clear('stats:*', 'Clear what fits');
      await giveKey(page, 'not-the-key');
      await page.getByText('That key does not fit.').waitFor();
      await giveKey(page, KEY);
      await page.getByText(/entr(y|ies) cleared$/).waitFor();
      await clear('', 'Clear all');
      await waitUntil(
        'both were cleared',
        () => watched.requests.filter((one) => one === 'POST /cache/clear 200').length === 2,
        PATIENCE_MS,
      );

      // The browser itself tells of the refused request.
      expect(watched.errors.splice(0).join()).toMatch(/^[^,]*401[^,]*$/);
      expectNoMisdeeds(watched);
    });

    it('the key is in no address and in nothing that outlives the tab, and can be forgotten', async () => {
      await page.getByRole('button', { name: 'Clear …' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Clear all' }).click();
      await giveKey(page, KEY);
      await page.getByText(/cleared$/).waitFor();
      const kept = () =>
        page.evaluate(() => ({
          lasting: JSON.stringify({ ...localStorage }) + document.cookie + location.href,
          session: JSON.stringify({ ...sessionStorage }),
        }));
      expect((await kept()).lasting).not.toContain(KEY);
      expect((await kept()).session).toContain(KEY);
      expect(watched.requests.join()).not.toContain(KEY);
      await page.getByRole('button', { name: 'Forget the key' }).click();
      expect((await kept()).session).not.toContain(KEY);
    });
  });

  it('an engine log is read with the key, and followed', async () => {
    await open('#/', {});
    const [engine] = await healthyEngines(app, 2);
    await page.goto(`${origin}/panel/#/engines/${engine!.container_id}`);
    await page.getByRole('button', { name: 'Follow' }).click();
    await giveKey(page, KEY);
    await page.getByRole('button', { name: 'Stop following' }).waitFor();
    await page.getByRole('log').filter({ hasText: /\w/ }).waitFor();
    await page.getByRole('button', { name: 'Stop following' }).click();
    await page
      .getByRole('button', { name: 'Show', exact: true })
      .or(page.getByRole('button', { name: 'Read again' }))
      .click();
    await waitUntil(
      'it was read',
      () => watched.requests.some((one) => /logs\?tail=200 200$/.test(one)),
      PATIENCE_MS,
    );
    expectNoMisdeeds(watched);
  });

  it('text that looks like markup is shown as text', async () => {
    await open('#/engines', { MIN_REPLICAS: '0' });
    const evil = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    const made = await app.post('/provision/acestream', { labels: { evil } });
    const { container_id } = made.body as { container_id: string };
    await app.post('/events/stream_started', {
      container_id,
      engine: { host: '127.0.0.1', port: 1 },
      stream: { key_type: 'url', key: evil },
      session: {
        playback_session_id: evil,
        stat_url: 'http://127.0.0.1:1/',
        command_url: 'http://127.0.0.1:1/',
        is_live: 1,
      },
    });
    for (const hash of [`#/engines/${container_id}`, '#/', '#/engines']) {
      await page.goto(`${origin}/panel/${hash}`);
      if (hash !== '#/engines') await page.getByRole('cell', { name: evil }).first().waitFor();
      expect(await page.title()).toContain('Roundhouse');
      expect(await page.locator('main img[src], main script').count()).toBe(0);
    }
    expectNoMisdeeds(watched);
  });

  it('where reads need the key, it is asked for before anything is shown', async () => {
    await open('#/', { AUTH_READS: 'true' });
    await page.getByText('This service asks for its key.').waitFor();
    await page.getByRole('button', { name: 'Give the key' }).click();
    await giveKey(page, KEY);
    await page.getByText('All is well').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('This service asks for its key.').waitFor({ state: 'detached' });
  });
});
