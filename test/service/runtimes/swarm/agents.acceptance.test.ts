import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { API_KEY, type DockerService, uniqueLabel } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { LogReader } from '../../../support/docker/log-reader.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { AgentProcess, agentSettings, startAgents } from '../../../support/swarm/swarm-agents.ts';
import {
  findContainer,
  killContainer,
  readEngines,
  type SwarmEngine,
  serviceNames,
  startEngines,
  waitForHealthy,
} from '../../../support/swarm/swarm-engines.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 60_000;

interface WireNode {
  name: string;
  agent: string;
  engines: string[];
}
interface Total {
  container_count: number;
  stale_container_count: number;
  missing_nodes: string[];
  total_memory_usage: number;
}

describe.skipIf('missing' in inject('docker'))('agents on a Swarm of three nodes', () => {
  let swarm: Swarm;
  let agents: AgentProcess[];
  let service: DockerService;
  let base: string;
  const label = uniqueLabel();
  beforeAll(async () => {
    swarm = await startSwarm(3, 1);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
    agents = await startAgents(swarm, label);
    service = await startSwarmService(swarm, image, [1], { CONTAINER_LABEL: label, ...agentSettings(swarm) });
    base = await service.app.api.listen({ host: '127.0.0.1', port: 0 });
    await waitUntil('all agents are connected', areConnected, TIMEOUT_MS);
  });
  afterEach(async () => {
    for (const { container_id: id } of await readEngines(service))
      await service.write('DELETE', `/engines/${id}`);
  });
  afterAll(async () => {
    await service.close();
    for (const agent of agents) await agent.stop();
    await swarm.stop();
  });

  const areConnected = async () => (await nodes()).filter(({ agent }) => agent === 'connected').length === 3;
  const nodes = async () => (await service.get<WireNode[]>('/nodes')).body;
  const engine = async (id: string) =>
    (await readEngines(service)).find(({ container_id: other }) => other === id);
  const provision = (count: number) => startEngines(service, count);
  /** Messages of the event log about an engine. */
  const messages = async (id: string) => {
    const { body } = await service.get<{ message: string }[]>(`/events?container_id=${id}`);
    return body.map(({ message }) => message.replace(/^Engine \S+ /, ''));
  };
  const logs = (id: string, query = '') =>
    fetch(`${base}/engines/${id}/logs${query}`, { headers: { 'x-api-key': API_KEY } });
  /** Plays a stream that the engine does not have. */
  const reportStream = ({ container_id, host, port }: SwarmEngine, id: string) =>
    service.write('POST', '/events/stream_started', {
      container_id,
      engine: { host, port },
      stream: { key_type: 'infohash', key: '0'.repeat(40) },
      session: {
        playback_session_id: id,
        stat_url: `http://${host}:${port}/stat`,
        command_url: `http://${host}:${port}/command`,
        is_live: 1,
      },
      labels: { stream_id: id },
    });

  it('send figures, and report an end on any node in less than 500 ms', async () => {
    const listed = await provision(6);
    const { body: sums } = await service.get<Total>('/engines/stats/total');
    expect(sums).toMatchObject({ container_count: 6, stale_container_count: 0, missing_nodes: [] });
    expect(sums.total_memory_usage).toBeGreaterThan(6 * 2 ** 20);
    expect((await nodes()).map(({ engines: own }) => own.length)).toEqual([2, 2, 2]);

    const delays: number[] = [];
    for (const node of swarm.nodes) {
      const victim = listed.find(({ host }) => host === node.address)!;
      await killContainer(swarm, victim);
      const killedAt = performance.now();
      const isGone = async () => (await engine(victim.container_id)) === undefined;
      await waitUntil('the engine is gone', isGone, TIMEOUT_MS);
      delays.push(performance.now() - killedAt);
    }
    process.stdout.write(`kill to right answer: ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms\n`);
    expect(Math.max(...delays)).toBeLessThan(500);
    // It does not come back with a list of Swarm that is older than the end.
    for (let round = 0; round < 20; round += 1) {
      expect(await readEngines(service)).toHaveLength(3);
      await delay(50);
    }
    await waitUntil(
      'the services are removed',
      async () => (await serviceNames(swarm)).length === 3,
      TIMEOUT_MS,
    );
  });

  it('an engine is restarted with the same id, name and port', async () => {
    const [before] = (await provision(1)) as [SwarmEngine];
    const { container_id: id } = before;
    const { containerId } = await findContainer(swarm, before);
    const startMs = performance.now();
    const restarted = await service.write('POST', `/engines/${id}/restart`);
    process.stdout.write(`restart: ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
    expect(restarted).toMatchObject({ status: 200, body: { restarted: id, container_id: id } });
    const [after] = (await waitForHealthy(service, 1)) as [SwarmEngine];
    expect(after).toMatchObject({
      container_id: id,
      container_name: before.container_name,
      port: before.port,
    });
    expect((await findContainer(swarm, after)).containerId).not.toBe(containerId);
    const { body: total } = await service.get<Total>('/engines/stats/total');
    expect(total).toMatchObject({ container_count: 1, stale_container_count: 0 });
    expect(await messages(id)).toContain('is being restarted');
    expect((await messages(id)).join('\n')).not.toContain('is no longer running');
    const unknown = await service.write('POST', `/engines/${'0'.repeat(25)}/restart`);
    expect(unknown).toMatchObject({ status: 404, body: { code: 'engine_not_found' } });
  });

  it('an engine that is paused on its node keeps its streams, and goes on as before', async () => {
    const [listed] = (await provision(1)) as [SwarmEngine];
    const { container_id: id } = listed;
    await reportStream(listed, 'paused');
    const { node, containerId } = await findContainer(swarm, listed);
    await node.docker('pause', containerId);
    const isPaused = async () => (await engine(id))?.paused;
    await waitUntil('it is shown as paused', isPaused, TIMEOUT_MS);
    expect(await engine(id)).toMatchObject({ health_status: 'unknown', streams: ['paused'] });
    await node.docker('unpause', containerId);
    await waitForHealthy(service, 1);
    expect(await engine(id)).toMatchObject({ paused: false, streams: ['paused'] });
    expect(await messages(id)).toEqual(expect.arrayContaining(['is paused', 'runs again after a pause']));
    expect((await messages(id)).join('\n')).not.toContain('is no longer running');
  });

  it('logs come from the node of the engine, and are followed until it ends', async () => {
    const [first, second] = (await provision(2)) as [SwarmEngine, SwarmEngine];
    for (const { container_id: id } of [first, second])
      await waitUntil(
        'the first line is logged',
        async () => (await (await logs(id)).text()).includes('serves on port'),
        TIMEOUT_MS,
      );
    expect(await (await logs(first.container_id, '?tail=1')).text()).toMatch(/^[^\n]+\n$/);
    const readers = await Promise.all(
      [first, second].map(async ({ container_id: id }) => new LogReader(await logs(id, '?follow=true'))),
    );
    await Promise.all(readers.map((reader) => reader.has('serves on port')));
    expect(readers.map(({ ended }) => ended)).toEqual([false, false]);
    await killContainer(swarm, first);
    await waitUntil('the log of the killed one ends', () => readers[0]!.ended, TIMEOUT_MS);
    expect(readers[1]!.ended).toBe(false);
    await service.write('DELETE', `/engines/${second.container_id}`);
    await waitUntil('the log of the deleted one ends', () => readers[1]!.ended, TIMEOUT_MS);
    expect((await logs(second.container_id)).status).toBe(404);
  });

  it('without the mounts of the stack file, an agent reads the figures from Docker', async () => {
    await agents[0]!.stop();
    agents[0] = new AgentProcess(swarm, swarm.node(1), { CONTAINER_LABEL: label }, { isolated: true });
    await agents[0].waitUntilListening();
    await waitUntil('the agents are connected', areConnected, TIMEOUT_MS);
    await provision(6);
    const startMs = performance.now();
    const total = await waitUntil(
      'figures of all engines',
      async () => {
        const { body } = await service.get<Total>('/engines/stats/total');
        return body.container_count === 6 && body.stale_container_count === 0 && body;
      },
      TIMEOUT_MS,
    );
    process.stdout.write(`figures from Docker: ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
    expect(total.missing_nodes).toEqual([]);
    for (const { container_id: id } of await readEngines(service)) {
      const isRead = async () => {
        const { body } = await service.get<{ memory_usage: number }>(`/engines/${id}/stats`);
        return body.memory_usage > 2 ** 20;
      };
      await waitUntil('each has figures', isRead, TIMEOUT_MS);
    }
  });
});
