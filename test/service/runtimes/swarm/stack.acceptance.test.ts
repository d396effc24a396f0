import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { engineImage } from '../../../support/docker/engine-image.ts';
import {
  deployStack,
  loadStackImages,
  prepareStack,
  type StackSettings,
} from '../../../support/swarm/stack.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import type { SwarmNode } from '../../../support/swarm/swarm-node.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 120_000;
const API_KEY = 'the-api-key-of-the-stack';
const LEASE_S = 4;
const REPLICAS = 4;
/** What an answer may take while machines are lost and replaced. */
const SLOWEST_MS = 1000;

interface Health {
  cluster: { leading: boolean } | null;
}
interface WireEngine {
  container_id: string;
  host: string;
  port: number;
  health_status: string;
}
interface Total {
  container_count: number;
  stale_container_count: number;
  missing_nodes: string[];
  total_memory_usage: number;
}
interface WireNode {
  name: string;
  agent: string;
}

async function read<T>(node: SwarmNode, path: string): Promise<T> {
  const reply = await fetch(`http://${node.address}:8000${path}`, {
    headers: { 'x-api-key': API_KEY },
    signal: AbortSignal.timeout(5000),
  });
  if (reply.status !== 200) {
    const { code } = (await reply.json()) as { code: string };
    throw new Error(`${path}: ${reply.status} ${code}`, { cause: code });
  }
  return (await reply.json()) as T;
}

/** Reads /engines of orchestrators all the time, as panels do. */
class Poller {
  readonly problems: string[] = [];
  slowestMs = 0;
  reads = 0;
  /** Rounds in which no orchestrator answered. */
  silentRounds = 0;
  readonly #nodes: readonly SwarmNode[];
  #ended = false;
  readonly #running: Promise<void>;

  constructor(nodes: readonly SwarmNode[]) {
    this.#nodes = nodes;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const answered = await Promise.all(this.#nodes.map((node) => this.#read(node)));
      if (!answered.includes(true)) this.silentRounds += 1;
      await delay(100);
    }
  }

  /** @returns whether the orchestrator answered: one that is being replaced refuses connections, or has no list yet */
  async #read(node: SwarmNode): Promise<boolean> {
    const startMs = performance.now();
    try {
      const engines = await read<WireEngine[]>(node, '/engines');
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
      this.reads += 1;
      const ports = engines.map(({ port }) => port);
      if (engines.length === 0) this.problems.push('no engines');
      if (new Set(ports).size < ports.length) this.problems.push(`ports used twice: ${ports}`);
      return true;
    } catch (error) {
      if (!isStarting(error)) this.problems.push(String((error as Error).cause ?? error));
      return false;
    }
  }
}

const isStarting = (error: unknown) =>
  /runtime_unavailable|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|other side closed/.test(
    String((error as Error).cause),
  );

describe.skipIf('missing' in inject('docker'))('docker-stack.yml on three managers', () => {
  let swarm: Swarm;
  let settings: StackSettings;
  /** Ids of all services that were created for engines. */
  const created: string[] = [];
  let endEvents = () => {};
  beforeAll(async () => {
    const shared = inject('docker');
    if ('missing' in shared) return;
    swarm = await startSwarm(3, 3);
    await loadStackImages(swarm, shared.socket);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
    settings = {
      ENGINE_IMAGE: image,
      MIN_REPLICAS: String(REPLICAS),
      LEADER_LEASE_S: String(LEASE_S),
      // The third node is not lost in these tests, and Redis stays.
      ORCHESTRATOR_CONSTRAINT: 'node.hostname!=node3',
      REDIS_CONSTRAINT: 'node.hostname==node3',
    };
    followCreations();
    await prepareStack(swarm.node(3), {
      'roundhouse-agent-key': 'the-key-of-all-agents-and-orchestrators',
      'roundhouse-api-key': API_KEY,
    });
    await deployStack(swarm.node(3), settings);
  }, 5 * TIMEOUT_MS);
  afterAll(async () => {
    endEvents();
    await swarm?.stop();
  });

  /** Events of a manager are those of the whole Swarm. */
  function followCreations(): void {
    const format = '{{.Actor.ID}} {{.Actor.Attributes.name}}';
    const filters = ['--filter', 'type=service', '--filter', 'event=create'];
    const events = spawn('docker', [
      '--host',
      `unix://${swarm.node(3).socket}`,
      'events',
      ...filters,
      '--format',
      format,
    ]);
    createInterface({ input: events.stdout }).on('line', (line) => {
      const [id, name] = line.split(' ') as [string, string];
      if (name.startsWith('roundhouse-engine-')) created.push(id);
    });
    endEvents = () => events.kill();
  }

  const orchestrators = () => swarm.nodes.slice(0, 2) as [SwarmNode, SwarmNode];
  const leaderOf = async () => {
    for (const node of orchestrators()) {
      const health = await read<Health>(node, '/health').catch(() => null);
      if (health?.cluster?.leading) return node;
    }
    return null;
  };
  const idsOf = (engines: WireEngine[]) => engines.map(({ container_id: id }) => id).sort();
  const areHealthy = (engines: WireEngine[]) =>
    engines.length === REPLICAS && engines.every(({ health_status: health }) => health === 'healthy');
  const bothAnswer = async () => {
    const answers = await Promise.all(orchestrators().map((node) => read<WireEngine[]>(node, '/engines')));
    const [a, b] = answers as [WireEngine[], WireEngine[]];
    return areHealthy(a) && areHealthy(b) && idsOf(a).join() === idsOf(b).join() && idsOf(a);
  };
  const haveAgents = async (node: SwarmNode) => {
    const nodes = await read<WireNode[]>(node, '/nodes');
    return nodes.length === 3 && nodes.every(({ agent }) => agent === 'connected');
  };

  it('two orchestrators answer, one leads, and every node has an agent', async () => {
    await waitUntil('both list the same engines', bothAnswer, TIMEOUT_MS);
    await waitUntil('one leads', leaderOf, TIMEOUT_MS);
    for (const node of orchestrators())
      await waitUntil(`${node.name} has all agents`, () => haveAgents(node), TIMEOUT_MS);
    // Either orchestrator may have read the answer that both share.
    const isComplete = async () => {
      const total = await read<Total>(swarm.node(1), '/engines/stats/total');
      return total.missing_nodes.length === 0 && total;
    };
    const total = await waitUntil('there are figures of all nodes', isComplete, TIMEOUT_MS);
    expect(total).toMatchObject({ container_count: REPLICAS, stale_container_count: 0 });
    expect(total.total_memory_usage).toBeGreaterThan(0);
    const unauthorised = await fetch(`http://${swarm.node(1).address}:8000/engines`);
    expect(unauthorised.status).toBe(401);
    expect(created).toHaveLength(REPLICAS);
  });

  it('engines are removed, restarted and their logs read through the socket proxy, which rejects nothing', async () => {
    const [first, second] = await read<WireEngine[]>(swarm.node(1), '/engines');
    const request = async (method: string, path: string) => {
      const url = `http://${swarm.node(1).address}:8000${path}`;
      const reply = await fetch(url, { method, headers: { 'x-api-key': API_KEY } });
      expect([method, path, reply.status]).toEqual([method, path, 200]);
      return await reply.text();
    };
    expect(await request('GET', `/engines/${first!.container_id}/logs`)).toContain('serves on port');
    await request('POST', `/engines/${first!.container_id}/restart`);
    await request('DELETE', `/containers/${second!.container_id}`);
    await waitUntil('it is replaced', async () => created.length === REPLICAS + 1, TIMEOUT_MS);
    const ids = await waitUntil('both list the same engines', bothAnswer, TIMEOUT_MS);
    expect(ids).toContain(first!.container_id);
    expect(ids).not.toContain(second!.container_id);
    expect(await swarm.node(3).docker('service', 'logs', '--raw', 'roundhouse_socket-proxy')).toBe('');
  });

  it('is upgraded one orchestrator after the other, while engines keep running', async () => {
    const before = await bothAnswer();
    const createdBefore = created.length;
    const poller = new Poller(orchestrators());
    await deployStack(swarm.node(3), { ...settings, MAX_REPLICAS: '21' });
    const format = '{{.UpdateStatus.State}}';
    const isUpgraded = async () => {
      const state = await swarm
        .node(3)
        .docker('service', 'inspect', '--format', format, 'roundhouse_roundhouse');
      expect(state).not.toMatch(/paused|rollback/);
      return state === 'completed';
    };
    await waitUntil('both are upgraded', isUpgraded, TIMEOUT_MS);
    await waitUntil('both list the same engines', bothAnswer, TIMEOUT_MS);
    await poller.stop();
    expect(poller.problems).toEqual([]);
    expect(poller.silentRounds).toBe(0);
    for (const node of orchestrators())
      expect(await read(node, '/orchestrator/status')).toMatchObject({ capacity: { max_replicas: 21 } });
    expect(await bothAnswer()).toEqual(before);
    expect(created).toHaveLength(createdBefore);
  });

  it("the leader's node is lost: the other leads within the lease, and no engine is started twice", async () => {
    const leader = (await waitUntil('one leads', leaderOf, TIMEOUT_MS))!;
    const other = orchestrators().find((node) => node !== leader)!;
    await waitUntil('it has all agents', () => haveAgents(other), TIMEOUT_MS);
    const before = await read<WireEngine[]>(other, '/engines');
    const poller = new Poller([other]);
    const startMs = performance.now();
    const seconds = () => (performance.now() - startMs) / 1000;
    const report = (what: string) =>
      process.stdout.write(`crash of the leader's node to ${what}: ${seconds().toFixed(1)} s\n`);
    await leader.crash();
    const isLeading = async () => (await read<Health>(other, '/health')).cluster?.leading;
    await waitUntil('the other one leads', isLeading, TIMEOUT_MS);
    report('next leader');
    expect(seconds()).toBeLessThan(LEASE_S + 3);
    const isOnLost = ({ host }: WireEngine) => host === leader.address;
    const areGone = async () => !(await read<WireEngine[]>(other, '/engines')).some(isOnLost);
    await waitUntil('its engines are gone', areGone, TIMEOUT_MS);
    report('right answers');
    const areReplaced = async () => {
      const engines = await read<WireEngine[]>(other, '/engines');
      return areHealthy(engines) && !engines.some(isOnLost) && engines;
    };
    const engines = await waitUntil('its engines are replaced', areReplaced, TIMEOUT_MS);
    report('replaced');
    await poller.stop();
    process.stdout.write(
      `reads of the other orchestrator: the slowest of ${poller.reads} took ${Math.ceil(poller.slowestMs)} ms\n`,
    );
    expect(idsOf(engines)).toEqual(
      expect.arrayContaining(idsOf(before.filter((engine) => !isOnLost(engine)))),
    );
    // A service that Swarm creates during its election, after the call has timed out, is removed again.
    const lost = before.filter(isOnLost).map(({ container_id: id }) => id.slice(0, 12));
    const expected = idsOf(engines).map((id) => id.slice(0, 12));
    const areEngines = async () => {
      const filter = ['--filter', 'name=roundhouse-engine-'];
      const listed = (await swarm.node(3).docker('service', 'ls', '--quiet', ...filter)).split('\n');
      const remaining = listed.filter((id) => !lost.includes(id));
      return remaining.sort().join() === expected.join();
    };
    await waitUntil('the other services are the engines of the answers', areEngines, TIMEOUT_MS);
    expect(poller.problems).toEqual([]);
    expect(poller.silentRounds).toBe(0);
    expect(poller.slowestMs).toBeLessThan(SLOWEST_MS);
  });
});
