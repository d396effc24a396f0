import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp, type TestApp } from '../support/service/app.ts';
import { EmulatedFleet } from '../support/swarm/emulated-fleet.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations } from './panel-page.ts';

describeWithChromium('the nodes of a Swarm', (chromium) => {
  let fleet: EmulatedFleet;
  let app: TestApp;
  beforeAll(async () => {
    fleet = await EmulatedFleet.start([
      { name: 'manager-1', role: 'manager', engines: 1 },
      { name: 'worker-1', engines: 2 },
    ]);
    app = await startApp({ settings: fleet.settings });
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  it('have a page, and engines can be filtered by node', async () => {
    const monitored = await chromium.open(`${app.url}/panel/#/nodes`);
    const { page } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    const row = page.getByRole('row', { name: /worker-1/ });
    await row.getByText('Responding').waitFor();
    await row.getByText('Ready').waitFor();
    await row.getByRole('cell', { name: /of 8 cores/ }).waitFor();
    await row.getByRole('link', { name: 'worker-1' }).click();
    await page.getByText('2 of 3 engines').waitFor();
    expect(await page.getByLabel('Node', { exact: true }).inputValue()).toBe(fleet.swarm.nodes[1]!.ID);
    await page.getByLabel('Node', { exact: true }).selectOption({ label: 'manager-1' });
    await page.getByText('1 of 3 engines').waitFor();
    await page.reload();
    await page.getByText('1 of 3 engines').waitFor();
    expectNoViolations(monitored);
  });

  it.each(['en', 'es'])(
    'add a link to the navigation, which shows all links on a phone: %s',
    async (locale) => {
      const { page } = await chromium.open(`${app.url}/panel/#/nodes`, {
        locale,
        viewport: { width: 390, height: 844 },
      });
      page.setDefaultTimeout(TIMEOUT_MS);
      await page.getByRole('rowheader', { name: 'worker-1' }).waitFor();
      const links = page.getByRole('banner').getByRole('navigation').getByRole('link');
      expect(await links.count()).toBe(7);
      for (const width of [390, 360, 320]) {
        await page.setViewportSize({ width, height: 844 });
        const outside = await links.evaluateAll((all) =>
          all.flatMap((link) => {
            const text = document.createRange();
            text.selectNodeContents(link);
            const { left, right } = text.getBoundingClientRect();
            return left < 0 || right > innerWidth ? [link.textContent] : [];
          }),
        );
        expect(outside).toEqual([]);
        // Nothing is hidden by scrolling.
        expect(
          await page
            .getByRole('navigation')
            .evaluateAll((all) => all.map((nav) => nav.scrollWidth - nav.clientWidth)),
        ).toEqual([0]);
      }
      for (const link of await links.all())
        expect((await link.boundingBox())!.height).toBeGreaterThanOrEqual(44);
    },
  );
});
