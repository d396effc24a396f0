import type { WireTotalStats } from '../../src/service/api/views/stats.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, momentOfTruth, readStatus, untilKnown } from '../support/change.ts';
import { killContainer, startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.kill', value: 'yes' };
/** Some engines stay: the last one's end would be told apart from a fault by its zero alone. */
const SURVIVORS = 2;

export const outsideKill: Row = {
  name: 'outside-kill',
  title: 'A container is killed by `docker kill`: until the polled HTTP API is right',
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const kills = bench.quick ? 2 : 15;
    const ids = await startFleet(bench.cleanup, docker, kills + SURVIVORS, LABEL);
    const { url } = await startRoundhouse(bench.cleanup, adoptingSettings(docker, LABEL));
    await untilKnown(url, ids.length);
    const [status, total]: [number[], number[]] = [[], []];
    for (let left = ids.length - 1; left >= SURVIVORS; left -= 1) {
      const begun = performance.now();
      const [, ...moments] = await Promise.all([
        killContainer(docker, ids[left]!),
        momentOfTruth('status', async () => {
          const { engines } = await readStatus(url);
          // Both say the same of running engines; until they do, the answer is not right.
          return engines.total === left && engines.running === left;
        }),
        momentOfTruth('figures', async () => {
          const figures = await getJson<WireTotalStats>(`${url}/engines/stats/total`);
          return figures.container_count === left;
        }),
      ]);
      status.push(moments[0] - begun);
      total.push(moments[1] - begun);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines/stats/total', unit: 'ms', target: atMost(200), rounds: total },
    ];
  },
};
