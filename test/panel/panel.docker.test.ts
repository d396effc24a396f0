import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium } from '../support/browser/chromium.ts';
import { describeWithDocker } from '../support/docker/docker.ts';
import { docker as cli } from '../support/docker/docker-programs.ts';
import { API_KEY, type DockerService, startDockerService } from '../support/docker/docker-service.ts';

const PATIENCE_MS = 30_000;

describeWithDocker('the panel over engines in Docker', (docker) => {
  describeWithChromium('in a browser', (chromium) => {
    let service: DockerService;
    let origin: string;
    beforeAll(async () => {
      service = await startDockerService(docker, { HEALTH_CHECK_INTERVAL_S: '1' });
      await service.app.api.listen({ host: '127.0.0.1', port: 0 });
      origin = `http://127.0.0.1:${(service.app.api.server.address() as AddressInfo).port}`;
    });
    afterAll(() => service.close());

    it('shows a container come, and tells at once when it is killed from outside', async () => {
      const { page, errors } = await chromium.open(`${origin}/panel/#/engines`);
      page.setDefaultTimeout(PATIENCE_MS);
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByLabel('Poll every').selectOption('60');
      await page.getByRole('button', { name: 'Provision' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Provision' }).click();
      const key = page.getByRole('dialog', { name: 'The key, please' });
      await key.getByLabel('API key').fill(API_KEY);
      await key.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('heading', { name: '1 engine' }).waitFor();
      const name = (await page.getByRole('link', { name: /^roundhouse-engine-/ }).textContent()) ?? '';

      await cli(docker.socket, 'kill', name);
      // Long before the next poll.
      await page.getByRole('link', { name }).waitFor({ state: 'detached' });
      expect(errors).toEqual([]);
    });
  });
});
