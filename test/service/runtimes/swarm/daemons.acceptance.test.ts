import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DockerService, uniqueLabel } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { EnginePoller } from '../../../support/swarm/engine-poller.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { AgentProcess, agentSettings, startAgents } from '../../../support/swarm/swarm-agents.ts';
import { readEngines } from '../../../support/swarm/swarm-engines.ts';
import type { SwarmNode } from '../../../support/swarm/swarm-node.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

/** Swarm takes some 20 s to notice the loss of a daemon, and longer during an election. */
const TIMEOUT_MS = 120_000;
const REPLICAS = 6;

interface WireNode {
  id: string;
  name: string;
  state: string;
  agent: string;
  engines: string[];
}

describe.skipIf('missing' in inject('docker'))('daemons and agents of a Swarm of three managers', () => {
  let swarm: Swarm;
  let agents: AgentProcess[];
  let service: DockerService;
  let poller: EnginePoller;
  const label = uniqueLabel();
  const warnings: string[] = [];
  beforeAll(async () => {
    swarm = await startSwarm(3, 3);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
    agents = await startAgents(swarm, label);
    const settings = {
      ...agentSettings(swarm),
      CONTAINER_LABEL: label,
      MIN_REPLICAS: String(REPLICAS),
      AUTOSCALE_INTERVAL_S: '1',
      MONITOR_INTERVAL_S: '2',
      HEALTH_CHECK_INTERVAL_S: '2',
      CACHE_TTL_STATS_TOTAL_S: '1',
    };
    service = await startSwarmService(swarm, image, [1, 2, 3], settings, (text) => warnings.push(text));
    await replaced();
    await waitUntil('all agents are connected', async () => (await connected()).length === 3, TIMEOUT_MS);
    poller = new EnginePoller(service);
  });
  afterAll(async () => {
    await poller?.stop();
    await service?.close();
    for (const agent of agents ?? []) await agent.stop();
    await swarm?.stop();
  });

  const nodes = async () => (await service.get<WireNode[]>('/nodes')).body;
  /** Of nodes that have left, the entry remains. */
  const stateOf = async ({ name }: SwarmNode) => (await nodes()).findLast((node) => node.name === name)!;
  const connected = async () => (await nodes()).filter(({ agent }) => agent === 'connected');
  const enginesOn = async ({ address }: SwarmNode) =>
    (await readEngines(service)).filter(({ host }) => host === address);
  /** Resolves when there are enough healthy engines on other nodes. */
  const replaced = (without?: SwarmNode) => {
    const areEnough = async () => {
      const healthy = (await readEngines(service)).filter((engine) => engine.health_status === 'healthy');
      return healthy.filter(({ host }) => host !== without?.address).length >= REPLICAS;
    };
    return waitUntil('there are enough healthy engines', areEnough, TIMEOUT_MS);
  };
  const report = (what: string, sinceMs: number) =>
    process.stdout.write(`${what}: ${((performance.now() - sinceMs) / 1000).toFixed(1)} s\n`);
  /** Waits until the engines of a node are gone. They stay as long as Swarm has not found the node to be down. */
  const gone = (node: SwarmNode) =>
    waitUntil(
      'its engines are gone',
      async () => {
        if ((await enginesOn(node)).length > 0) return false;
        expect(await stateOf(node)).toMatchObject({ state: 'down', agent: 'connected' });
        return true;
      },
      TIMEOUT_MS,
    );
  /** Starts the daemon again. It ends the containers that went on without it. */
  const returned = async (node: SwarmNode) => {
    await node.start();
    const isBack = async () => {
      const { state, agent } = await stateOf(node);
      return state === 'ready' && agent === 'connected';
    };
    await waitUntil('the node is back', isBack, TIMEOUT_MS);
    const areEnded = async () => {
      const running = (await node.docker('ps', '--quiet')).split('\n').filter(Boolean);
      return running.length === (await enginesOn(node)).length;
    };
    await waitUntil('only engines that are listed run on it', areEnded, TIMEOUT_MS);
  };

  it('a daemon that is killed: its engines are used until Swarm ends them, and then replaced', async () => {
    const node = swarm.node(3);
    const { length: before } = await enginesOn(node);
    expect(before).toBeGreaterThan(0);
    const startMs = performance.now();
    await node.killDaemon();
    // They go on without it, and respond.
    const [engine] = await enginesOn(node);
    expect((await fetch(`http://${engine!.host}:${engine!.port}/`)).status).toBeLessThan(500);
    await gone(node);
    report('dockerd killed to right answers', startMs);
    await replaced(node);
    report('dockerd killed to replaced', startMs);
    const { body: events } = await service.get<{ message: string }[]>(
      `/events?container_id=${engine!.container_id}`,
    );
    expect(events.map(({ message }) => message).join('\n')).toContain('was lost with its node');
    await returned(node);
  });

  it('the daemon of the manager in use is killed: another manager answers, and engines start', async () => {
    const node = swarm.node(1);
    const startMs = performance.now();
    await node.killDaemon();
    const provisions = async () => (await service.write('POST', '/provision/acestream')).status === 200;
    await waitUntil('an engine can be started', provisions, TIMEOUT_MS);
    report('dockerd of the manager in use killed to provisioning', startMs);
    await gone(node);
    report('dockerd of the manager in use killed to right answers', startMs);
    await replaced(node);
    await returned(node);
  });

  it('an agent that hangs: its node is named, and its engines stay', async () => {
    const before = await readEngines(service);
    const startMs = performance.now();
    agents[1]!.signal('SIGSTOP');
    const isNamed = async () => {
      const { body } = await service.get<{ missing_nodes: string[] }>('/engines/stats/total');
      return body.missing_nodes.includes('node2');
    };
    await waitUntil('the node is named', isNamed, TIMEOUT_MS);
    report('agent hangs to named in missing_nodes', startMs);
    const isUnreachable = async () => (await stateOf(swarm.node(2))).agent === 'unreachable';
    await waitUntil('the agent is shown as unreachable', isUnreachable, TIMEOUT_MS);
    report('agent hangs to shown as unreachable', startMs);
    const ids = before.map(({ container_id: id }) => id);
    expect((await readEngines(service)).map(({ container_id: id }) => id)).toEqual(
      expect.arrayContaining(ids),
    );
    expect((await stateOf(swarm.node(2))).state).toBe('ready');
    agents[1]!.signal('SIGCONT');
    await waitUntil('the agent is connected', async () => (await connected()).length === 3, TIMEOUT_MS);
    await waitUntil('all figures are current', async () => !(await isNamed()), TIMEOUT_MS);
  });

  it('an agent with another key: it is shown and logged, and the engines of its node stay', async () => {
    const ids = (await enginesOn(swarm.node(2))).map(({ container_id: id }) => id);
    await agents[1]!.stop();
    const keyFile = join(swarm.folder, 'another-key');
    await writeFile(keyFile, 'another-key-that-no-orchestrator-has-got');
    agents[1] = new AgentProcess(swarm, swarm.node(2), { CONTAINER_LABEL: label }, { keyFile });
    await agents[1].waitUntilListening();
    const isLogged = () => warnings.some((text) => text.includes(swarm.node(2).address) && /key/.test(text));
    await waitUntil('the key is named in the log', isLogged, TIMEOUT_MS);
    expect(await stateOf(swarm.node(2))).toMatchObject({ agent: 'unreachable', state: 'ready' });
    const after = (await enginesOn(swarm.node(2))).map(({ container_id: id }) => id);
    expect(after).toEqual(expect.arrayContaining(ids));
    await agents[1].stop();
    agents[1] = new AgentProcess(swarm, swarm.node(2), { CONTAINER_LABEL: label });
    await waitUntil('the agent is connected', async () => (await connected()).length === 3, TIMEOUT_MS);
    // Once, although it was tried again and again.
    expect(warnings).toHaveLength(1);
  });

  it('a node that leaves the Swarm and joins it again has another id, and gets engines', async () => {
    const node = swarm.node(3);
    const { id } = await stateOf(node);
    const startMs = performance.now();
    await swarm.node(1).docker('node', 'demote', node.name);
    await waitUntil('it can leave', () => node.docker('swarm', 'leave').then(() => true), TIMEOUT_MS);
    // Swarm ends the agent with the other tasks of the node.
    await agents[2]!.stop();
    await waitUntil('its engines are gone', async () => (await enginesOn(node)).length === 0, TIMEOUT_MS);
    report('node leaves to right answers', startMs);
    await replaced(node);
    report('node leaves to replaced', startMs);
    const token = await swarm.node(1).docker('swarm', 'join-token', '--quiet', 'worker');
    const target = `${swarm.node(1).address}:2377`;
    await node.docker('swarm', 'join', '--advertise-addr', node.address, '--token', token, target);
    agents[2] = new AgentProcess(swarm, node, { CONTAINER_LABEL: label });
    const isBack = async () =>
      (await connected()).some(({ name, id: newId }) => name === node.name && newId !== id);
    await waitUntil('it is back with another id', isBack, TIMEOUT_MS);
    const isUsed = async () => {
      if ((await enginesOn(node)).length > 0) return true;
      await service.write('POST', '/provision/acestream');
      return false;
    };
    await waitUntil('it gets an engine', isUsed, TIMEOUT_MS);
  });

  it('no read has failed, or taken a second', async () => {
    await poller.stop();
    process.stdout.write(`${poller.reads} reads, the slowest took ${poller.slowestMs.toFixed(0)} ms\n`);
    expect(poller.problems).toEqual([]);
    expect(poller.slowestMs).toBeLessThan(1000);
  });
});
