import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SeriesWindow } from '../../../src/service/time-series/time-series.ts';
import { AdoptedContainers } from '../../support/docker/adopted-containers.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { waitUntil } from '../../support/wait-until.ts';

const DEADLINE_MS = 30_000;

type Figures = (number | null)[];

describeWithDocker('the past of containers', (docker) => {
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

  async function becomes(what: string, fits: (past: SeriesWindow) => boolean): Promise<SeriesWindow> {
    const ask = async () => {
      const { body } = await service.get<SeriesWindow>('/stats/history');
      return fits(body) && body;
    };
    return waitUntil(what, ask, DEADLINE_MS);
  }

  const last = (figures: Figures, count: number) => figures.slice(-count);
  const known = (figures: Figures) => figures.filter((figure) => figure !== null);

  it('shows their work as it is, and no spike or fall below zero as one of them ends', async () => {
    await becomes('none, which is known', ({ engines_total }) => engines_total.at(-1) === 0);
    await containers.run('while :; do sleep 1; done');
    const busy = await containers.run(
      'dd if=/dev/zero of=/tmp/file bs=1M count=30; sync; while :; do :; done',
    );
    // Whatever else the machine does, an endless loop gets some of it.
    const during = await becomes('the work of both', ({ cpu_percent, engines_total }) => {
      const working = last(cpu_percent, 3).every((percent) => (percent ?? 0) > 10);
      return working && engines_total.at(-1) === 2;
    });
    expect(during.memory_usage.at(-1)).toBeGreaterThan(100_000);
    await cli(docker.socket, 'kill', busy);
    const after = await becomes('the work is over', ({ cpu_percent, engines_total }) => {
      const idle = last(cpu_percent, 3).every((percent) => percent !== null && percent < 10);
      return idle && last(engines_total, 3).every((count) => count === 1);
    });
    for (const [column, figures] of Object.entries(after)) {
      if (Array.isArray(figures))
        expect([column, Math.min(...known(figures))]).toEqual([
          column,
          expect.toSatisfy((least) => least >= 0),
        ]);
    }
    // More than the machine has would be what the counters of one that is found had counted before.
    expect(Math.max(...known(after.cpu_percent))).toBeLessThan(6400);
    expect(Math.max(...known(after.network_rx_rate))).toBeLessThan(1_000_000);
  });
});
