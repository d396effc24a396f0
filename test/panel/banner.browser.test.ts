import { expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { startApp } from '../support/service/app.ts';
import { waitUntil } from '../support/wait-until.ts';
import { TIMEOUT_MS } from './fleet.ts';
import { expectNoViolations } from './panel-page.ts';

const TITLE = 'Engines do not run in Docker.';
const NO_DOCKER = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

describeWithChromium('the banner of the panel', (chromium) => {
  it('says on every page that engines are emulated because Docker does not respond', async () => {
    await using app = await startApp({ settings: { ...NO_DOCKER, ENGINE_RUNTIME: 'auto' } });
    const monitored = await chromium.open(`${app.url}/panel/`);
    const { page } = monitored;
    page.setDefaultTimeout(TIMEOUT_MS);
    const banner = page.getByRole('status').filter({ hasText: TITLE });
    for (const hash of ['#/', '#/engines', '#/settings']) {
      await page.goto(`${app.url}/panel/${hash}`);
      await banner.waitFor();
    }
    const text = await banner.textContent();
    expect(text).toContain('emulated engines, which play nothing');
    expect(text).toContain('set ENGINE_RUNTIME=process if this is intended');
    expectNoViolations(monitored);
  });

  it('is not shown where local processes are intended', async () => {
    await using app = await startApp({ settings: { ...NO_DOCKER, ENGINE_RUNTIME: 'process' } });
    const { page, requests } = await chromium.open(`${app.url}/panel/`);
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.getByText('No engines').first().waitFor();
    const hasHealth = () => requests.some((request) => request.startsWith('GET /health '));
    await waitUntil('the panel has read the health', hasHealth, TIMEOUT_MS);
    expect(await page.getByText(TITLE).count()).toBe(0);
  });
});
