import type { WireTotalStats } from '../../src/service/api/views/stats.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, readStatus, timeWhenCorrect, waitForEngines } from '../support/change.ts';
import { killContainer, startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.kill', value: 'yes' };
/** Engines that keep running, so that a correct count is never 0, which a failed read could produce too. */
const SURVIVORS = 2;

export const outsideKill: Row = {
  name: 'outside-kill',
  title: 'A container is killed by `docker kill`: time to correct API responses',
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const kills = bench.quick ? 2 : 15;
    const ids = await startFleet(bench.cleanup, docker, kills + SURVIVORS, LABEL);
    const { url } = await startRoundhouse(bench.cleanup, adoptingSettings(docker, LABEL));
    await waitForEngines(url, ids.length);
    const [status, total]: [number[], number[]] = [[], []];
    for (let left = ids.length - 1; left >= SURVIVORS; left -= 1) {
      const startedAt = performance.now();
      const [, ...moments] = await Promise.all([
        killContainer(docker, ids[left]!),
        timeWhenCorrect('status', async () => {
          const { engines } = await readStatus(url);
          // The response is correct only when both counts are.
          return engines.total === left && engines.running === left;
        }),
        timeWhenCorrect('figures', async () => {
          const figures = await getJson<WireTotalStats>(`${url}/engines/stats/total`);
          return figures.container_count === left;
        }),
      ]);
      status.push(moments[0] - startedAt);
      total.push(moments[1] - startedAt);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines/stats/total', unit: 'ms', target: atMost(200), rounds: total },
    ];
  },
};
