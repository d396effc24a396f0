import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp } from '../support/service/app.ts';
import { EmulatedFleet } from '../support/swarm/emulated-fleet.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations } from './panel-page.ts';

describeWithChromium('the nodes of a Swarm', (chromium) => {
  it('have a page, and engines can be filtered by node', async () => {
    await using fleet = await EmulatedFleet.start([
      { name: 'manager-1', role: 'manager', engines: 1 },
      { name: 'worker-1', engines: 2 },
    ]);
    await using app = await startApp({ settings: fleet.settings });
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
});
