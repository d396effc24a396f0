import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp } from '../support/service/app.ts';
import { EmulatedFleet } from '../support/swarm/emulated-fleet.ts';
import { waitUntil } from '../support/wait-until.ts';
import { violations } from './axe.ts';
import { healthyEngines } from './fleet.ts';
import { selectInterval } from './panel-page.ts';

const WIDTHS = [1440, 1024, 768, 360];
const WAIT_MS = 60_000;

describeWithChromium('the nodes of a Swarm', (chromium) => {
  it('silent agents and lost nodes are the headline, in both themes and from 1440 to 360 px', async () => {
    await using fleet = await EmulatedFleet.start([
      { name: 'manager-1', role: 'manager', engines: 2, labels: { zone: 'a' } },
      { name: 'worker-1', engines: 3, labels: { engines: 'true' } },
      { name: 'worker-with-a-long-host-name.example.org', engines: 2 },
      { name: 'spare', availability: 'drain', engines: 0 },
    ]);
    await using app = await startApp({ settings: fleet.settings });
    await healthyEngines(app, 7);
    // The content security policy would block axe.
    const { page } = await chromium.open(`${app.url}/panel/`, { bypassCSP: true });
    page.setDefaultTimeout(WAIT_MS);
    await selectInterval(page, 2);
    const status = page.getByRole('region', { name: 'Status' });
    await status.getByText('All systems operational').waitFor();
    await page.getByRole('link', { name: 'worker-1' }).waitFor();
    const titleIs = (text: string) =>
      page.waitForFunction((expected) => document.title.includes(expected), text);

    await fleet.stopAgent(1);
    await status.getByText('The agent of node worker-1 does not respond').waitFor();
    await titleIs('The agent of node worker-1 does not respond');
    expect(await status.textContent()).toContain('The usage of 3 engines is not current');

    await fleet.lose(2);
    await status.getByText('Node worker-with-a-long-host-name.example.org is lost').waitFor();
    await titleIs('Node worker-with-a-long-host-name.example.org is lost');
    await status.getByRole('link', { name: 'Neither its agent nor any of its engines responds' }).click();
    await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
    const rows = page.getByRole('rowheader');
    await page.getByRole('row', { name: /Lost for/ }).waitFor();
    expect(await rows.first().textContent()).toContain('worker-with-a-long-host-name');
    await page.getByRole('row', { name: /worker-1.*Silent for/ }).waitFor();
    await page.getByRole('row', { name: /spare.*Drained/ }).waitFor();

    for (const hash of ['#/nodes', '#/', '#/engines']) {
      await page.goto(`${app.url}/panel/${hash}`);
      await page
        .getByRole('link', { name: hash === '#/engines' ? /^engine-/ : 'manager-1' })
        .first()
        .waitFor();
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const isNarrow = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
        await waitUntil(`${hash} is ${width} px wide`, isNarrow, WAIT_MS);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.waitForFunction(
            (theme) => document.documentElement.dataset.theme === theme,
            colorScheme,
          );
          expect(await violations(page), `${hash} ${width} ${colorScheme}`).toEqual([]);
        }
      }
    }

    await fleet.startAgent(1);
    await page.goto(`${app.url}/panel/#/nodes`);
    await page.getByRole('row', { name: /worker-1.*Responding/ }).waitFor();
  });
});
