import type { RequestListener } from 'node:http';
import type { WireEngine } from '../../src/service/api/views/engines.ts';
import { startStubServer } from '../../test/support/http/stub-server.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, readStatus, timeWhenCorrect, waitForEngines } from '../support/change.ts';
import { startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.health', value: 'yes' };
const CHECK_INTERVAL_S = 0.25;

/**
 * Measures from the engine's response to the decisive health check. The delay until that check depends on the
 * configured interval and failure threshold (by default 20 s and 3 failures), not on the code.
 */
export const engineHealth: Row = {
  name: 'engine-health',
  title:
    "An engine's health changes: from its response to the decisive health check to correct API responses",
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const changes = bench.quick ? 2 : 20;
    let healthy = true;
    let respondedAt: number | undefined;
    const respond: RequestListener = (_request, response) => {
      respondedAt ??= performance.now();
      const result = { platform: 'linux', version: '1' };
      if (healthy) response.end(JSON.stringify({ result, error: null }));
      else response.writeHead(500).end();
    };
    const engine = await startStubServer(respond);
    bench.cleanup.add(() => engine[Symbol.asyncDispose]());
    await startFleet(bench.cleanup, docker, 1, LABEL, {}, engine.port);
    const { url } = await startRoundhouse(bench.cleanup, {
      ...adoptingSettings(docker, LABEL),
      HEALTH_CHECK_INTERVAL_S: `${CHECK_INTERVAL_S}`,
      HEALTH_FAILURE_THRESHOLD: '1',
      // Longer than the measurement, so that no engine is replaced.
      ENGINE_GRACE_PERIOD_S: '3600',
    });
    await waitForEngines(url, 1);
    const isHealthy = async () => (await readStatus(url)).engines.healthy === 1;
    await timeWhenCorrect('the engine is healthy', isHealthy);
    const [status, list]: [number[], number[]] = [[], []];
    for (let change = 0; change < changes; change += 1) {
      healthy = !healthy;
      respondedAt = undefined;
      const expected = healthy ? 'healthy' : 'unhealthy';
      const moments = await Promise.all([
        timeWhenCorrect('status', async () => (await readStatus(url)).engines[expected] === 1),
        timeWhenCorrect('list', async () => {
          const engines = await getJson<WireEngine[]>(`${url}/engines`);
          return engines[0]?.health_status === expected;
        }),
      ]);
      status.push(moments[0] - respondedAt!);
      list.push(moments[1] - respondedAt!);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines', unit: 'ms', target: atMost(200), rounds: list },
    ];
  },
};
