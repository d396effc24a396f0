import { setTimeout as pause } from 'node:timers/promises';
import type { TotalStats } from '../../src/engines/stats.ts';
import type { OrchestratorStatus } from '../../src/engines/status.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Bench, Row } from '../row.ts';
import type { BenchDocker } from '../support/docker.ts';
import { FLEET_COMMAND, FLEET_HOST, FLEET_NETWORK, killContainer, startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.kill', value: 'yes' };
/** Some engines stay: the last one's end would be told apart from a fault by its zero alone. */
const SURVIVORS = 2;
const POLL_MS = 2;
/** An answer counts as right once it stays so: one that goes back was not. */
const RIGHT_IN_A_ROW = 25;
const DEADLINE_MS = 10_000;

export const outsideKill: Row = {
  name: 'outside-kill',
  title: 'A container is killed by `docker kill`: until the polled HTTP API is right',
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const kills = bench.quick ? 2 : 15;
    const ids = await startFleet(bench.cleanup, docker, kills + SURVIVORS, LABEL);
    const { url } = await startRoundhouse(bench.cleanup, settings(docker));
    await waitUntil('the service is ready', async () => (await fetch(`${url}/readyz`)).ok, DEADLINE_MS);
    const answers = [engineCount, statsCount].map((count) => () => count(url));
    for (const ask of answers) {
      await waitUntil('the engines are known', async () => (await ask()) === ids.length, DEADLINE_MS);
    }
    const [status, total]: [number[], number[]] = [[], []];
    for (let left = ids.length - 1; left >= SURVIVORS; left -= 1) {
      const begun = performance.now();
      const [, ...times] = await Promise.all([
        killContainer(docker, ids[left]!),
        ...answers.map((ask) => timeUntil(ask, left)),
      ]);
      status.push(times[0]! - begun);
      total.push(times[1]! - begun);
    }
    return [
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: status },
      { what: 'GET /engines/stats/total', unit: 'ms', target: atMost(200), rounds: total },
    ];
  },
};

/** The settings by which the service adopts the fleet, and neither replaces nor judges an engine meanwhile. */
function settings(docker: BenchDocker): NodeJS.ProcessEnv {
  return {
    ENGINE_RUNTIME: 'docker',
    DOCKER_HOST: docker.host,
    ENGINE_IMAGE: docker.image,
    ENGINE_COMMAND: FLEET_COMMAND,
    CONTAINER_LABEL: `${LABEL.name}=${LABEL.value}`,
    DOCKER_NETWORK: FLEET_NETWORK,
    ENGINE_HOST: FLEET_HOST,
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    STARTUP_TIMEOUT_S: '3600',
    HEALTH_CHECK_INTERVAL_S: '3600',
  };
}

async function engineCount(url: string): Promise<number> {
  const { engines } = await getJson<OrchestratorStatus>(`${url}/orchestrator/status`);
  // Both say the same of running engines; until they do, the answer is not right.
  return engines.total === engines.running ? engines.total : Number.NaN;
}

async function statsCount(url: string): Promise<number> {
  return (await getJson<TotalStats>(`${url}/engines/stats/total`)).container_count;
}

/** Polls until the answer is `wanted` and stays so; returns when the first of those answers had arrived. */
async function timeUntil(ask: () => Promise<number>, wanted: number): Promise<number> {
  const due = performance.now() + DEADLINE_MS;
  let since = 0;
  for (let right = 0; right < RIGHT_IN_A_ROW; ) {
    const answer = await ask();
    const now = performance.now();
    if (answer !== wanted) right = 0;
    else if (right++ === 0) since = now;
    if (now > due) throw new Error(`still ${answer} engines where ${wanted} are left`);
    await pause(POLL_MS);
  }
  return since;
}
