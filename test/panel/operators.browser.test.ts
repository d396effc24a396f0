import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/panel/lib/wire.ts';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { KEY, startApp, type TestApp } from '../support/service/app.ts';
import { openSession } from '../support/service/emulated-engine.ts';
import { FLEET_SETTINGS, healthyEngines, TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations, logIn } from './panel-page.ts';

const INFOHASH = 'b04372b9543d763bd2dbd2a1842d9723fd080076';
const PHONE = { width: 360, height: 740 };

describeWithChromium('what operators do', (chromium) => {
  let app: TestApp;
  let engines: Engine[];
  beforeAll(async () => {
    app = await startApp({ settings: { ...FLEET_SETTINGS, MIN_REPLICAS: '3' } });
    engines = await healthyEngines(app, 3);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  async function open(hash: string, viewport = { width: 1280, height: 800 }) {
    const monitored = await chromium.open(`${app.url}/panel/${hash}`, { viewport });
    monitored.page.setDefaultTimeout(TIMEOUT_MS);
    return monitored;
  }

  /** A page with the key, as after a first write. */
  async function openWithKey(hash: string) {
    const monitored = await open('#/');
    await monitored.page.goto(`${app.url}/panel/${hash}`);
    await logIn(monitored.page, KEY);
    return monitored;
  }

  const rows = (page: Page) =>
    page.locator('table.engines tbody tr th').evaluateAll((cells) => cells.map((cell) => cell.textContent));

  it('the top of a page that is opened is below the header, not under it', async () => {
    const { page } = await open('#/', PHONE);
    await page.getByText('All systems operational').waitFor();
    await page.evaluate(() => scrollTo(0, 600));
    await page.getByRole('link', { name: 'Engines', exact: true }).click();
    await page.getByRole('heading', { name: 'Engines', level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'MAIN');
    expect(await page.evaluate(() => scrollY)).toBe(0);
  });

  it('the order and the filter of engines are in the URL, so that a reload keeps them', async () => {
    const { page } = await open('#/engines');
    await page.getByRole('button', { name: 'Engine', exact: true }).click();
    await page.getByRole('button', { name: 'Engine', exact: true }).click();
    await page.getByLabel('Health').selectOption('healthy');
    const sorted = engines
      .map(({ container_name }) => container_name)
      .sort()
      .reverse();
    expect(await rows(page)).toEqual(sorted);
    expect(page.url()).toMatch(/#\/engines\?sort=-name&health=healthy$/);
    await page.reload();
    await page.getByRole('link', { name: engines[0]!.container_name }).waitFor();
    expect(await rows(page)).toEqual(sorted);
    expect(await page.getByLabel('Health').inputValue()).toBe('healthy');
  });

  it('figures are aligned with their headings, which stay in view', async () => {
    const { page } = await open('#/engines');
    await page.getByRole('cell', { name: /MB/ }).first().waitFor();
    const rightOf = (selector: string) =>
      page.locator(selector).evaluate((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell.querySelector('button')?.firstChild ?? cell);
        return range.getBoundingClientRect().right;
      });
    const heading = await rightOf('table.engines thead th:nth-child(6)');
    const figure = await rightOf('table.engines tbody tr:first-child td:nth-child(6)');
    expect(Math.abs(heading - figure)).toBeLessThanOrEqual(3);
    expect(
      await page
        .locator('table.engines thead th')
        .first()
        .evaluate((th) => getComputedStyle(th).position),
    ).toBe('sticky');
  });

  it('a phone shows each engine in a few lines', async () => {
    const { page } = await open('#/engines', PHONE);
    await page.getByRole('cell', { name: /MB/ }).first().waitFor();
    const heights = await page
      .locator('table.engines tbody tr')
      .evaluateAll((all) => all.map((row) => row.getBoundingClientRect().height));
    expect(heights).toHaveLength(3);
    // 60 engines took 13,000 px, 217 each.
    expect(Math.max(...heights)).toBeLessThanOrEqual(130);
  });

  it('engines that are selected are restarted one after another, and stay three', async () => {
    const monitored = await openWithKey('#/engines');
    const { page } = monitored;
    const [first, second] = engines as [Engine, Engine];
    for (const { container_name } of [first, second])
      await page.getByLabel(`Select ${container_name}`).check();
    await page.getByText('2 selected').waitFor();
    const bulk = page.getByRole('toolbar', { name: 'Selected engines' });
    await bulk.getByRole('button', { name: 'Restart' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await page.getByText('2 engines restarted').waitFor();
    const after = await healthyEngines(app, 3);
    expect(after.map(({ container_name }) => container_name).sort()).toEqual(
      engines.map(({ container_name }) => container_name).sort(),
    );
    expect(after.filter(({ container_id }) => container_id === first.container_id)).toEqual([]);
    engines = after;
    expectNoViolations(monitored);
  });

  it('an engine has charts of its own', async () => {
    const { page } = await open(`#/engines/${engines[0]!.container_id}`);
    await page.getByRole('img', { name: /^Memory\. in use: .*MB, between/ }).waitFor();
    await page.getByRole('img', { name: /^Streams\. active: \d/ }).waitFor();
    await page.getByText('Not measured: the engine uses the network of this machine').waitFor();
  });

  /** Starts a stream on the last engine, as a proxy does. */
  async function play(name: string): Promise<void> {
    const engine = engines.at(-1)!;
    const session = await openSession(engine.host, engine.port, INFOHASH);
    await app.post('/events/stream_started', {
      container_id: engine.container_id,
      engine: { host: engine.host, port: engine.port },
      stream: { key_type: 'infohash', key: INFOHASH },
      session: { ...session, is_live: 1 },
      labels: { 'proxy.name': name, stream_id: name },
    });
  }

  it('a stream has the name that its proxy has given it, and can be stopped', async () => {
    await play('Channel 7');
    const { page } = await openWithKey('#/');
    await page.getByRole('cell', { name: 'Channel 7', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop Channel 7' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Channel 7 stopped').waitFor();
    await page.getByText('No active streams').waitFor();
  });

  it('events name engines and streams, are grouped and filtered, and link to what still exists', async () => {
    await play('Channel 8');
    await app.delete('/streams/Channel%208');
    const monitored = await open('#/events');
    const { page } = monitored;
    await page.getByText('Stream Channel 8 ended').waitFor();
    await page.getByLabel('Kind').selectOption('engine');
    await page.getByText('Stream Channel 8 ended').waitFor({ state: 'detached' });
    const [engine] = engines as [Engine];
    await page.getByLabel('Engine', { exact: true }).selectOption(engine.container_id);
    await page
      .getByRole('listitem')
      .filter({ hasText: `Engine ${engine.container_name} is running` })
      .waitFor();
    expect(page.url()).toContain(`engine=${engine.container_id}`);
    await page.getByRole('link', { name: engine.container_name }).first().click();
    await page.getByRole('heading', { name: engine.container_name }).waitFor();
    await page.goto(`${app.url}/panel/#/events?q=no+such+text`);
    await page.getByRole('button', { name: 'Show all events' }).click();
    await page.getByText('Stream Channel 8 ended').waitFor();

    // The next visit says what has happened since.
    await page.goto('about:blank');
    await app.post(`/engines/${engine.container_id}/restart`);
    engines = await healthyEngines(app, 3);
    await page.goto(`${app.url}/panel/#/events`);
    await page.getByText(/^\d+ since your last visit$/).waitFor();
    await page.getByText('Your last visit', { exact: true }).waitFor();
    expectNoViolations(monitored);
  });
});
