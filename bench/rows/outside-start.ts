import type { WireTotalStats } from '../../src/service/api/views/stats.ts';
import type { Bench, Row } from '../row.ts';
import {
  adoptingSettings,
  performanceTime,
  readStatus,
  timeWhenCorrect,
  waitForEngines,
} from '../support/change.ts';
import type { BenchDocker } from '../support/docker.ts';
import { endContainer, FLEET_COMMAND, FLEET_NETWORK, startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.start', value: 'yes' };
const FIRST = 2;

export const outsideStart: Row = {
  name: 'outside-start',
  title: "A container is started by `docker start`: from Docker's start time to correct API responses",
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const starts = bench.quick ? 2 : 15;
    await startFleet(bench.cleanup, docker, FIRST, LABEL);
    const { url } = await startRoundhouse(bench.cleanup, adoptingSettings(docker, LABEL));
    await waitForEngines(url, FIRST);
    const [status, total, list]: [number[], number[], number[]] = [[], [], []];
    for (let count = FIRST + 1; count <= FIRST + starts; count += 1) {
      const container = await createStopped(docker);
      bench.cleanup.add(() => endContainer(docker, container.id));
      const [, ...moments] = await Promise.all([
        container.start(),
        timeWhenCorrect('status', async () => {
          const { engines } = await readStatus(url);
          return engines.total === count && engines.running === count;
        }),
        timeWhenCorrect('figures', async () => {
          const figures = await getJson<WireTotalStats>(`${url}/engines/stats/total`);
          return figures.container_count === count;
        }),
        timeWhenCorrect('list', async () => (await getJson<unknown[]>(`${url}/engines`)).length === count),
      ]);
      const startedAt = performanceTime((await container.inspect()).State.StartedAt);
      status.push(moments[0] - startedAt);
      total.push(moments[1] - startedAt);
      list.push(moments[2] - startedAt);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines/stats/total', unit: 'ms', target: atMost(200), rounds: total },
      { what: 'GET /engines', unit: 'ms', target: atMost(200), rounds: list },
    ];
  },
};

/** Creates a container as another program would: with the label, without the service. */
async function createStopped({ client, image }: BenchDocker) {
  return await client.docker.createContainer({
    Image: image,
    Cmd: FLEET_COMMAND.split(' '),
    Labels: { [LABEL.name]: LABEL.value },
    HostConfig: { AutoRemove: true, NetworkMode: FLEET_NETWORK },
  });
}
