import { setTimeout as pause } from 'node:timers/promises';
import type { WireTotalStats } from '../../src/service/api/views/stats.ts';
import { DockerClient } from '../../src/service/runtimes/docker/client.ts';
import { busyboxImage } from '../../test/support/docker/engine-image.ts';
import type { Swarm } from '../../test/support/swarm/swarm.ts';
import { agentSettings, startAgents } from '../../test/support/swarm/swarm-agents.ts';
import type { SwarmNode } from '../../test/support/swarm/swarm-node.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Bench, Row } from '../row.ts';
import { timeWhenCorrect, waitForEngines } from '../support/change.ts';
import { atLeast, atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';
import { ratios } from '../support/statistics.ts';
import { openSwarm } from '../support/swarm.ts';

const LABEL = 'bench.swarm=yes';
/** Engines that keep running, so that a correct count is never 0, which a failed read could produce too. */
const SURVIVORS = 3;
const TIMEOUT_MS = 30_000;
const POLLS_PER_ROUND = 5;

export const swarmNodes: Row = {
  name: 'swarm-nodes',
  title: 'A Swarm of three real nodes: a container is killed on its node, and figures of all engines',
  async run(bench: Bench): Promise<Finding[]> {
    const kills = bench.quick ? 2 : 9;
    const swarm = await openSwarm(bench.cleanup);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => busyboxImage(socket)))) as [string];
    await startServices(swarm, image, kills + SURVIVORS);
    for (const agent of await startAgents(swarm, LABEL)) bench.cleanup.add(() => agent.stop());
    const { url } = await startRoundhouse(bench.cleanup, {
      ENGINE_RUNTIME: 'swarm',
      DOCKER_HOST: `unix://${swarm.node(1).socket}`,
      CONTAINER_LABEL: LABEL,
      ...agentSettings(swarm),
      MIN_REPLICAS: '0',
      MIN_FREE_REPLICAS: '0',
      STARTUP_TIMEOUT_S: '3600',
      HEALTH_CHECK_INTERVAL_S: '3600',
    });
    await waitForEngines(url, kills + SURVIVORS);
    const figures = await measureFigures(swarm, url, kills + SURVIVORS, bench.quick ? 2 : 7);
    const changes = await measureKills(swarm, url, kills);
    return [
      {
        what: 'kill: GET /engines is correct, the manager that is polled all the time ÷ Roundhouse',
        unit: '×',
        target: atLeast(1),
        rounds: ratios(changes.manager, changes.ours),
      },
      { what: 'kill: GET /engines is correct', unit: 'ms', target: atMost(500), rounds: changes.ours },
      {
        what: "kill: the manager's GET /tasks, polled all the time, is correct",
        unit: 'ms',
        target: null,
        rounds: changes.manager,
      },
      {
        what: `figures of ${kills + SURVIVORS} engines: each daemon is asked for each of its containers ÷ GET /engines/stats/total`,
        unit: '×',
        target: atLeast(10),
        rounds: ratios(figures.daemons, figures.ours),
      },
      { what: 'GET /engines/stats/total', unit: 'ms', target: null, rounds: figures.ours },
      {
        what: 'each daemon is asked, with one-shot samples',
        unit: 'ms',
        target: null,
        rounds: figures.daemons,
      },
    ];
  },
};

async function startServices(swarm: Swarm, image: string, count: number): Promise<void> {
  const manager = swarm.node(1);
  const flags = ['--detach', '--quiet', '--no-resolve-image', '--restart-condition', 'none'];
  const labels = ['--label', LABEL, '--container-label', LABEL];
  const create = (index: number) =>
    manager.docker('service', 'create', '--name', `bench-${index}`, ...flags, ...labels, image);
  await Promise.all(Array.from({ length: count }, (_, index) => create(index)));
  const areRunning = async () => (await runningContainers(swarm)).length === count;
  await waitUntil('all engines run', areRunning, TIMEOUT_MS);
}

async function runningContainers(swarm: Swarm): Promise<{ node: SwarmNode; id: string }[]> {
  const listed = await Promise.all(
    swarm.nodes.map(async (node) => {
      const ids = (await node.docker('ps', '--quiet', '--no-trunc')).split('\n').filter(Boolean);
      return ids.map((id) => ({ node, id }));
    }),
  );
  return listed.flat();
}

/** The peer asks the manager for the tasks as fast as it answers. It has no event for the end of a task. */
async function measureKills(swarm: Swarm, url: string, kills: number) {
  const measured = { ours: [] as number[], manager: [] as number[] };
  const { docker } = clientOf(swarm.node(1));
  const filters = JSON.stringify({ label: [LABEL], 'desired-state': ['running'] });
  const victims = await runningContainers(swarm);
  for (let left = victims.length - 1; left >= victims.length - kills; left -= 1) {
    const { node, id } = victims[left]!;
    const startedAt = performance.now();
    const [, ours, manager] = await Promise.all([
      clientOf(node).docker.getContainer(id).kill(),
      timeWhenCorrect('ours', async () => (await getJson<unknown[]>(`${url}/engines`)).length === left),
      timeWhenCorrect('manager', async () => {
        const tasks = (await docker.listTasks({ filters })) as { Status: { State: string } }[];
        return tasks.filter(({ Status }) => Status.State === 'running').length === left;
      }),
    ]);
    measured.ours.push(ours - startedAt);
    measured.manager.push(manager - startedAt);
  }
  return measured;
}

/** The peer reads as a program without agents and a cache does: a list, and a sample of each container, per poll. */
async function measureFigures(swarm: Swarm, url: string, count: number, rounds: number) {
  const measured = { ours: [] as number[], daemons: [] as number[] };
  const clients = swarm.nodes.map(clientOf);
  const askDaemons = async () => {
    const samples = await Promise.all(
      clients.map(async ({ docker }) => {
        const listed = await docker.listContainers();
        const stats = { stream: false as const, 'one-shot': true };
        return await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).stats(stats)));
      }),
    );
    return samples.flat().filter(({ memory_stats }) => memory_stats.usage > 0).length;
  };
  const askUs = async () => (await getJson<WireTotalStats>(`${url}/engines/stats/total`)).container_count;
  for (let round = 0; round < rounds; round += 1) {
    measured.ours.push(await timePoll(askUs, count));
    measured.daemons.push(await timePoll(askDaemons, count));
  }
  return measured;
}

/** @returns mean duration in milliseconds of some polls with a pause in between */
async function timePoll(poll: () => Promise<number>, expected: number): Promise<number> {
  let sumMs = 0;
  for (let count = 0; count < POLLS_PER_ROUND; count += 1) {
    const startedAt = performance.now();
    const found = await poll();
    sumMs += performance.now() - startedAt;
    if (found !== expected) throw new Error(`expected figures of ${expected} engines, got ${found}`);
    await pause(20);
  }
  return sumMs / POLLS_PER_ROUND;
}

function clientOf({ socket }: SwarmNode): DockerClient {
  return new DockerClient({ host: `unix://${socket}`, timeoutS: 5, concurrency: 40 });
}
