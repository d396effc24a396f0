import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { freePorts } from '../support/http/free-ports.ts';
import { startApp } from '../support/service/app.ts';
import { FLEET_SETTINGS, healthyEngines, TIMEOUT_MS } from './fleet.ts';
import { selectInterval } from './panel-page.ts';

describeWithChromium('a service that restarts', (chromium) => {
  it('is reported as unreachable, with the age of the last data, until it responds again', async () => {
    const [port = 0] = await freePorts(1);
    const serve = () => startApp({ settings: FLEET_SETTINGS, port });
    const first = await serve();
    await healthyEngines(first, 2);
    const { page, foreignRequests } = await chromium.open(`http://127.0.0.1:${port}/panel/`);
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.getByText('2 of 2 engines healthy').waitFor();
    await selectInterval(page, 2);
    await first[Symbol.asyncDispose]();

    await page.getByText('The service is not responding.').waitFor();
    await page.getByText('Unreachable', { exact: true }).waitFor();
    const status = page.getByRole('region', { name: 'Status' });
    await status.getByText(/\d s old$/).waitFor();
    expect(await status.textContent()).toContain('2 of 2 engines healthy');
    expect(await status.getAttribute('class')).toContain('stale');

    await using second = await serve();
    const [engine] = await healthyEngines(second, 2);
    await page.getByText('The service is not responding.').waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).waitFor();
    await status.getByRole('link', { name: new RegExp(engine!.container_name) }).waitFor();
    await status.getByText(/\d s old$/).waitFor({ state: 'detached' });
    expect(foreignRequests).toEqual([]);
  });
});
