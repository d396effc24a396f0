import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { freePorts } from '../support/http/free-ports.ts';
import { startApp } from '../support/service/app.ts';
import { FLEET, healthyEngines, PATIENCE_MS, pollEvery } from './browser-support.ts';

describeWithChromium('a service that goes away', (chromium) => {
  it('is told of, leaves its last figures greyed with their age, and comes back by itself', async () => {
    const [port = 0] = await freePorts(1);
    const serve = () => startApp({ settings: FLEET, port });
    const first = await serve();
    await healthyEngines(first, 2);
    const { page, strangers } = await chromium.open(`http://127.0.0.1:${port}/panel/`);
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByText('2 of 2 engines healthy').waitFor();
    await pollEvery(page, 2);
    await first[Symbol.asyncDispose]();

    await page.getByText('The service does not answer.').waitFor();
    await page.getByText('Away', { exact: true }).waitFor();
    const hero = page.getByRole('region', { name: 'Status' });
    await hero.getByText(/\d s old$/).waitFor();
    expect(await hero.textContent()).toContain('2 of 2 engines healthy');
    expect(await hero.getAttribute('class')).toContain('old');

    await using second = await serve();
    const [engine] = await healthyEngines(second, 2);
    await page.getByText('The service does not answer.').waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).waitFor();
    await hero.getByRole('link', { name: new RegExp(engine!.container_name) }).waitFor();
    await hero.getByText(/\d s old$/).waitFor({ state: 'detached' });
    expect(strangers).toEqual([]);
  });
});
