import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type DockerService, uniqueLabel } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { type AgentProcess, agentSettings, startAgents } from '../../../support/swarm/swarm-agents.ts';
import type { SwarmNode } from '../../../support/swarm/swarm-node.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 60_000;

interface WireEngine {
  container_id: string;
  host: string;
  health_status: string;
  node: { id: string; name: string } | null;
}
interface WireNode {
  name: string;
  state: string;
  agent: string;
  engines: string[];
  load_average: number | null;
}
interface Total {
  container_count: number;
  stale_container_count: number;
  missing_nodes: string[];
  total_memory_usage: number;
}

describe.skipIf('missing' in inject('docker'))('agents on a Swarm of three nodes', () => {
  let swarm: Swarm;
  let image: string;
  let agents: AgentProcess[];
  let service: DockerService;
  beforeAll(async () => {
    swarm = await startSwarm(3, 1);
    [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
  });
  afterAll(() => swarm.stop());
  beforeEach(async () => {
    const label = uniqueLabel();
    agents = await startAgents(swarm, label);
    const settings = { CONTAINER_LABEL: label, ...agentSettings(swarm), PORT_RANGE_HOST: '19000-19099' };
    service = await startSwarmService(swarm, image, [1], settings);
    await waitUntil(
      'all agents are connected',
      async () => (await nodes()).every(({ agent }) => agent === 'connected') && (await nodes()).length === 3,
      TIMEOUT_MS,
    );
  });
  afterEach(async () => {
    await service.close();
    for (const agent of agents) await agent.stop();
    const services = (await swarm.node(1).docker('service', 'ls', '--quiet')).split('\n').filter(Boolean);
    if (services.length > 0) await swarm.node(1).docker('service', 'rm', ...services);
  });

  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const nodes = async () => (await service.get<WireNode[]>('/nodes')).body;
  const total = async () => (await service.get<Total>('/engines/stats/total')).body;
  const provision = async (count: number) => {
    await Promise.all(Array.from({ length: count }, () => service.provision()));
    return await waitUntil(
      'all engines are healthy',
      async () => {
        const listed = await engines();
        return (
          listed.length === count && listed.every((engine) => engine.health_status === 'healthy') && listed
        );
      },
      TIMEOUT_MS,
    );
  };
  const nodeOf = ({ host }: WireEngine): SwarmNode => swarm.nodes.find(({ address }) => address === host)!;
  const kill = async (engine: WireEngine) => {
    const node = nodeOf(engine);
    const filter = `label=com.docker.swarm.service.id=${engine.container_id}`;
    await node.docker('kill', await node.docker('ps', '--quiet', '--no-trunc', '--filter', filter));
  };

  it('send figures, and report an end on any node in less than 500 ms', async () => {
    const listed = await provision(6);
    const sums = await total();
    expect(sums).toMatchObject({ container_count: 6, stale_container_count: 0, missing_nodes: [] });
    expect(sums.total_memory_usage).toBeGreaterThan(6 * 2 ** 20);
    expect((await nodes()).map(({ engines: own }) => own.length)).toEqual([2, 2, 2]);

    const delays: number[] = [];
    for (const node of swarm.nodes) {
      const victim = listed.find(({ host }) => host === node.address)!;
      await kill(victim);
      const killedAt = performance.now();
      const isGone = async () =>
        (await engines()).every(({ container_id: id }) => id !== victim.container_id);
      await waitUntil('the engine is gone', isGone, TIMEOUT_MS);
      delays.push(performance.now() - killedAt);
    }
    process.stdout.write(`kill to right answer: ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms\n`);
    expect(Math.max(...delays)).toBeLessThan(500);
    // It does not come back with a list of Swarm that is older than the end.
    for (let round = 0; round < 20; round += 1) {
      expect(await engines()).toHaveLength(3);
      await delay(50);
    }
    const remaining = async () => (await swarm.node(1).docker('service', 'ls', '--quiet')).split('\n');
    await waitUntil('the services are removed', async () => (await remaining()).length === 3, TIMEOUT_MS);
  });
});
