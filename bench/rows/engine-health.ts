import type { RequestListener } from 'node:http';
import type { WireEngine } from '../../src/service/api/views.ts';
import { startStubServer } from '../../test/support/http/stub-server.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, momentOfTruth, readStatus, untilKnown } from '../support/change.ts';
import { startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.health', value: 'yes' };
const CHECK_EVERY_S = 0.25;

/**
 * What is polled cannot be told earlier than it is asked for: by default an engine is asked every 20 s, and is
 * unhealthy after three failures. So the time begins as the engine gives the answer that decides.
 */
export const engineHealth: Row = {
  name: 'engine-health',
  title:
    "An engine's health changes: from its deciding answer to a health check until the polled HTTP API is right",
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const changes = bench.quick ? 2 : 20;
    let healthy = true;
    let answeredAt: number | undefined;
    const answer: RequestListener = (_request, response) => {
      answeredAt ??= performance.now();
      const result = { platform: 'linux', version: '1' };
      if (healthy) response.end(JSON.stringify({ result, error: null }));
      else response.writeHead(500).end();
    };
    const engine = await startStubServer(answer);
    bench.cleanup.add(() => engine[Symbol.asyncDispose]());
    await startFleet(bench.cleanup, docker, 1, LABEL, {}, engine.port);
    const { url } = await startRoundhouse(bench.cleanup, {
      ...adoptingSettings(docker, LABEL),
      HEALTH_CHECK_INTERVAL_S: `${CHECK_EVERY_S}`,
      HEALTH_FAILURE_THRESHOLD: '1',
      // No engine is replaced meanwhile.
      ENGINE_GRACE_PERIOD_S: '3600',
    });
    await untilKnown(url, 1);
    const isHealthy = async () => (await readStatus(url)).engines.healthy === 1;
    await momentOfTruth('the engine is healthy', isHealthy);
    const [status, list]: [number[], number[]] = [[], []];
    for (let change = 0; change < changes; change += 1) {
      healthy = !healthy;
      answeredAt = undefined;
      const wanted = healthy ? 'healthy' : 'unhealthy';
      const moments = await Promise.all([
        momentOfTruth('status', async () => (await readStatus(url)).engines[wanted] === 1),
        momentOfTruth('list', async () => {
          const engines = await getJson<WireEngine[]>(`${url}/engines`);
          return engines[0]?.health_status === wanted;
        }),
      ]);
      status.push(moments[0] - answeredAt!);
      list.push(moments[1] - answeredAt!);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines', unit: 'ms', target: atMost(200), rounds: list },
    ];
  },
};
