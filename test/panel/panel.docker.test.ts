import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { describeWithDocker } from '../support/docker/docker.ts';
import { docker as cli } from '../support/docker/docker-programs.ts';
import { API_KEY, type DockerService, startDockerService } from '../support/docker/docker-service.ts';
import { enterApiKey, selectInterval } from './panel-page.ts';

const TIMEOUT_MS = 30_000;

describeWithDocker('the panel with engines in Docker', (docker) => {
  describeWithChromium('in a browser', (chromium) => {
    let service: DockerService;
    let origin: string;
    beforeAll(async () => {
      service = await startDockerService(docker, { HEALTH_CHECK_INTERVAL_S: '1' });
      await service.app.api.listen({ host: '127.0.0.1', port: 0 });
      origin = `http://127.0.0.1:${(service.app.api.server.address() as AddressInfo).port}`;
    });
    afterAll(() => service.close());

    it('shows a provisioned container, and immediately when it is killed from outside', async () => {
      const { page, errors } = await chromium.open(`${origin}/panel/#/engines`);
      page.setDefaultTimeout(TIMEOUT_MS);
      await page.getByText('Live', { exact: true }).waitFor();
      await selectInterval(page, 60);
      await page.getByRole('button', { name: 'Provision' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Provision' }).click();
      await enterApiKey(page, API_KEY);
      await page.getByRole('heading', { name: '1 engine' }).waitFor();
      const name = (await page.getByRole('link', { name: /^roundhouse-engine-/ }).textContent()) ?? '';

      await cli(docker.socket, 'kill', name);
      // The next poll would be 60 s later.
      await page.getByRole('link', { name }).waitFor({ state: 'detached' });
      expect(errors).toEqual([]);
    });
  });
});
