import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DockerService, uniqueLabel } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { EnginePoller } from '../../../support/swarm/engine-poller.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { AgentProcess, agentSettings, startAgents } from '../../../support/swarm/swarm-agents.ts';
import { readEngines } from '../../../support/swarm/swarm-engines.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 60_000;
/** How long Swarm takes to notice that a node is down, and the scaler to replace its engines. */
const NODE_LOSS_TIMEOUT_MS = 90_000;
const REPLICAS = 6;

interface WireNode {
  name: string;
  state: string;
  agent: string;
  engines: string[];
}

describe.skipIf('missing' in inject('docker'))('a Swarm of three managers with agents', () => {
  let swarm: Swarm;
  let agents: AgentProcess[];
  let service: DockerService;
  let poller: EnginePoller;
  const label = uniqueLabel();
  beforeAll(async () => {
    swarm = await startSwarm(3, 3);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
    agents = await startAgents(swarm, label);
    service = await startSwarmService(swarm, image, [1, 2, 3], {
      ...agentSettings(swarm),
      CONTAINER_LABEL: label,
      MIN_REPLICAS: String(REPLICAS),
      MAX_REPLICAS: '20',
      AUTOSCALE_INTERVAL_S: '1',
      MONITOR_INTERVAL_S: '2',
      HEALTH_CHECK_INTERVAL_S: '2',
    });
    await healthy(REPLICAS);
    poller = new EnginePoller(service);
  });
  afterAll(async () => {
    await poller?.stop();
    await service?.close();
    for (const agent of agents ?? []) await agent.stop();
    await swarm?.stop();
  });

  const engines = () => readEngines(service);
  const nodes = async () => (await service.get<WireNode[]>('/nodes')).body;
  const node = async (name: string) => (await nodes()).find((other) => other.name === name)!;
  const healthy = (atLeast: number, excludedHost = '') =>
    waitUntil(
      'there are enough healthy engines',
      async () => {
        const listed = await engines();
        const usable = listed.filter(
          ({ health_status: health, host }) => health === 'healthy' && host !== excludedHost,
        );
        return usable.length >= atLeast && usable;
      },
      NODE_LOSS_TIMEOUT_MS,
    );
  const report = (what: string, sinceMs: number) =>
    process.stdout.write(`${what}: ${((performance.now() - sinceMs) / 1000).toFixed(1)} s\n`);

  it('without the agent of one node: its engines stay, with stale figures, and it is named', async () => {
    await service.get('/engines/stats/total');
    const before = await engines();
    const own = (await node('node2')).engines.length;
    await agents[1]!.stop();
    await waitUntil('it is noticed', async () => (await node('node2')).agent === 'unreachable', TIMEOUT_MS);
    const isNamed = async () => {
      const { body } = await service.get<{ missing_nodes: string[] }>('/engines/stats/total');
      return body.missing_nodes.includes('node2') && body;
    };
    const total = await waitUntil('the node is named', isNamed, TIMEOUT_MS);
    expect(total).toMatchObject({
      container_count: before.length,
      stale_container_count: own,
      missing_nodes: ['node2'],
    });
    // Longer than it takes until a node counts as lost if its engines do not respond either.
    await delay(6000);
    expect((await engines()).map(({ container_id: id }) => id)).toEqual(
      before.map(({ container_id: id }) => id),
    );
    expect((await node('node2')).state).toBe('ready');
    agents[1] = new AgentProcess(swarm, swarm.node(2), { CONTAINER_LABEL: label });
    await waitUntil('it is connected', async () => (await node('node2')).agent === 'connected', TIMEOUT_MS);
  });

  it('a node that is drained gives up its engines, they are replaced, and it gets others when it is active', async () => {
    const startMs = performance.now();
    await swarm.node(1).docker('node', 'update', '--availability', 'drain', 'node2');
    await waitUntil('it has no engines', async () => (await node('node2')).engines.length === 0, TIMEOUT_MS);
    await healthy(REPLICAS, swarm.node(2).address);
    report('drain to replaced', startMs);
    await swarm.node(1).docker('node', 'update', '--availability', 'active', 'node2');
    const isUsed = async () => {
      if ((await node('node2')).engines.length > 0) return true;
      await service.write('POST', '/provision/acestream');
      return false;
    };
    await waitUntil('it gets an engine', isUsed, TIMEOUT_MS);
  });

  it('a node that is cut off is lost, its streams end with that cause, and its engines are replaced', async () => {
    const lost = swarm.node(3);
    const victim = (await engines()).find(({ host }) => host === lost.address)!;
    const id = 'stream-of-a-lost-node';
    await service.write('POST', '/events/stream_started', {
      container_id: victim.container_id,
      engine: { host: victim.host, port: victim.port },
      stream: { key_type: 'infohash', key: '0'.repeat(40) },
      session: {
        playback_session_id: id,
        stat_url: `http://${victim.host}:${victim.port}/stat`,
        command_url: `http://${victim.host}:${victim.port}/command`,
        is_live: 1,
      },
      labels: { stream_id: id },
    });
    const startMs = performance.now();
    await lost.setLink('down');
    await waitUntil(
      'it is lost',
      async () => ['lost', 'down'].includes((await node('node3')).state),
      TIMEOUT_MS,
    );
    report('link down to lost', startMs);
    await waitUntil(
      'its engines are gone',
      async () => (await engines()).every(({ host }) => host !== lost.address),
      TIMEOUT_MS,
    );
    report('link down to right answers', startMs);
    await healthy(REPLICAS, lost.address);
    report('link down to replaced', startMs);
    const endOfStream = async () => {
      const { body } =
        await service.get<{ stream_id: string | null; details: object }[]>('/events?event_type=stream');
      return body.find((event) => event.stream_id === id && 'reason' in event.details);
    };
    const { details } = await waitUntil('the end is in the event log', endOfStream, TIMEOUT_MS);
    expect(details).toMatchObject({ reason: 'node_lost' });
    await lost.setLink('up');
    const isBack = async () => {
      const { state, agent } = await node('node3');
      return state === 'ready' && agent === 'connected';
    };
    await waitUntil('it is back', isBack, NODE_LOSS_TIMEOUT_MS);
  });

  it('without the manager in use, another one answers and starts engines', async () => {
    const startMs = performance.now();
    await swarm.node(1).crash();
    await waitUntil(
      'its engines are gone',
      async () => (await engines()).every(({ host }) => host !== swarm.node(1).address),
      TIMEOUT_MS,
    );
    report('crash of the manager in use to right answers', startMs);
    await healthy(REPLICAS, swarm.node(1).address);
    report('crash of the manager in use to replaced', startMs);
  });

  it('no read has failed, or taken a second', async () => {
    await poller.stop();
    process.stdout.write(`${poller.reads} reads, the slowest took ${poller.slowestMs.toFixed(0)} ms\n`);
    expect(poller.problems).toEqual([]);
    expect(poller.slowestMs).toBeLessThan(1000);
  });
});
