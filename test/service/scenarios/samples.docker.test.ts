import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SeriesWindow } from '../../../src/service/time-series/time-series.ts';
import { AdoptedContainers } from '../../support/docker/adopted-containers.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { waitUntil } from '../../support/wait-until.ts';

const TIMEOUT_MS = 30_000;

type Values = (number | null)[];

describeWithDocker('the time series of containers', (docker) => {
  const label = uniqueLabel();
  let service: DockerService;
  let containers: AdoptedContainers;

  beforeAll(async () => {
    const settings = { CONTAINER_LABEL: label, HISTORY_SAMPLE_INTERVAL_S: '1' };
    service = await startDockerService(docker, settings);
    containers = new AdoptedContainers(docker, service, label);
  });
  afterAll(async () => {
    await containers.removeAll();
    await service.close();
  });

  async function waitFor(what: string, matches: (series: SeriesWindow) => boolean): Promise<SeriesWindow> {
    const read = async () => {
      const { body } = await service.get<SeriesWindow>('/stats/history');
      return matches(body) && body;
    };
    return waitUntil(what, read, TIMEOUT_MS);
  }

  const last = (values: Values, count: number) => values.slice(-count);
  const known = (values: Values) => values.filter((value) => value !== null);

  it('show their CPU usage, without a spike or a negative rate when one of them stops', async () => {
    await waitFor('the number of engines is 0', ({ engines_total }) => engines_total.at(-1) === 0);
    await containers.run('while :; do sleep 1; done');
    const busy = await containers.run(
      'dd if=/dev/zero of=/tmp/file bs=1M count=30; sync; while :; do :; done',
    );
    // An endless loop gets some CPU time on a busy machine too.
    const during = await waitFor('the usage of both is shown', ({ cpu_percent, engines_total }) => {
      const working = last(cpu_percent, 3).every((percent) => (percent ?? 0) > 10);
      return working && engines_total.at(-1) === 2;
    });
    expect(during.memory_usage.at(-1)).toBeGreaterThan(100_000);
    await cli(docker.socket, 'kill', busy);
    const after = await waitFor('the usage of the killed one has ended', ({ cpu_percent, engines_total }) => {
      const idle = last(cpu_percent, 3).every((percent) => percent !== null && percent < 10);
      return idle && last(engines_total, 3).every((count) => count === 1);
    });
    for (const [column, values] of Object.entries(after)) {
      if (Array.isArray(values))
        expect([column, Math.min(...known(values))]).toEqual([
          column,
          expect.toSatisfy((lowest) => lowest >= 0),
        ]);
    }
    // Higher values would be what a container's counters had counted before it was found.
    expect(Math.max(...known(after.cpu_percent))).toBeLessThan(6400);
    expect(Math.max(...known(after.network_rx_rate))).toBeLessThan(1_000_000);
  });
});
