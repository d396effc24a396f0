import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp } from '../support/service/app.ts';
import { EmulatedGluetun } from '../support/service/emulated-gluetun.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations, selectInterval } from './panel-page.ts';

/** Waits until the tab's title and icon are these. */
async function expectTab(page: Page, title: RegExp, icon: string): Promise<void> {
  await page.waitForFunction(
    ([source, name]) =>
      new RegExp(source!).test(document.title) &&
      document.querySelector<HTMLLinkElement>('link[rel="icon"]')!.href.endsWith(`/${name}`),
    [title.source, icon],
  );
}

describeWithChromium('problems', (chromium) => {
  it('of the VPN are the headline, the title and the icon, with cause, duration and advice', async () => {
    await using gluetun = await new EmulatedGluetun({ apiKey: 'secret' }).listen();
    await using app = await startApp({
      settings: {
        GLUETUN_CONTAINER_NAME: 'gluetun',
        GLUETUN_API_URL: gluetun.url,
        GLUETUN_HEALTH_CHECK_INTERVAL_S: '1',
        GLUETUN_PORT_CACHE_TTL_S: '1',
        MIN_REPLICAS: '1',
      },
    });
    const monitored = await chromium.open(`${app.url}/panel/`);
    const { page } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    const status = page.getByRole('region', { name: 'Status' });
    await status.getByText('gluetun: 401, check GLUETUN_API_KEY').waitFor();
    await expectTab(page, /^⚠ gluetun: 401, check GLUETUN_API_KEY · Roundhouse$/, 'icon-bad.svg');
    await selectInterval(page, 2);
    const text = await status.textContent();
    expect(text).toContain('failed with status 401');
    expect(text).toMatch(/for \d+ s/);
    const top = (name: string) =>
      page.getByRole('region', { name, exact: true }).evaluate((card) => card.getBoundingClientRect().top);
    const chartTop = await page
      .locator('.chart')
      .first()
      .evaluate((chart) => chart.getBoundingClientRect().top);
    expect(await top('VPN')).toBeLessThan(chartTop);

    gluetun.behaviour.apiKey = null;
    await status.getByText('All systems operational').waitFor();
    await expectTab(page, /^Overview · Roundhouse$/, 'icon.svg');
    await page.waitForFunction(
      () =>
        document.querySelector('.vpn')!.getBoundingClientRect().top >
        document.querySelector('.chart')!.getBoundingClientRect().top,
    );

    gluetun.behaviour.faults = { '*': 'hang' };
    await status.getByText('gluetun: control server does not respond').waitFor();
    await expectTab(page, /^⚠ gluetun: control server does not respond/, 'icon-warn.svg');
    await page
      .getByRole('region', { name: 'VPN', exact: true })
      .getByText(/^\d+ s old$/)
      .waitFor();
    expectNoViolations(monitored);
  });

  it('of the runtime are shown although the service answers with 503', async () => {
    await using app = await startApp({ settings: { MIN_REPLICAS: '0' } });
    const { page } = await chromium.open(`${app.url}/panel/`);
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.getByText('As configured: MIN_REPLICAS is 0.').waitFor();
    await expectTab(page, /^Overview · Roundhouse$/, 'icon.svg');
    const { body: health } = await app.get('/health');
    const reason = 'connect ENOENT /var/run/docker.sock';
    const runtime = {
      ...health.runtime,
      name: 'docker',
      available: false,
      unavailable_since: new Date(Date.now() - 90_000).toISOString(),
      unavailable_reason: reason,
    };
    await page.route(`${app.url}/health`, (route) =>
      route.fulfill({ status: 503, json: { ...health, status: 'unavailable', runtime } }),
    );
    await page.reload();
    const status = page.getByRole('region', { name: 'Status' });
    await status.getByText('Docker does not respond').waitFor();
    expect(await status.textContent()).toContain(reason);
    expect(await status.textContent()).toContain('for 1 min');
    await expectTab(page, /^⚠ Docker does not respond · Roundhouse$/, 'icon-bad.svg');
  });
});
