import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { loadStackImages, STACK_FILE } from '../../../support/swarm/stack-images.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { SEARCH_PATH } from '../../../support/system-packages.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 120_000;
const API_KEY = 'the-api-key-of-the-stack';
const LEASE_S = 4;
const REPLICAS = 4;

interface Health {
  engines: number;
  cluster: { redis: string; leading: boolean } | null;
}
interface WireEngine {
  container_id: string;
  host: string;
  port: number;
  health_status: string;
}
interface WireNode {
  name: string;
  agent: string;
}

describe.skipIf('missing' in inject('docker'))('docker-stack.yml on three managers', () => {
  let swarm: Swarm;
  beforeAll(async () => {
    const shared = inject('docker');
    if ('missing' in shared) return;
    swarm = await startSwarm(3, 3);
    await loadStackImages(swarm, shared.socket);
    const [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
    await manager('network', 'create', '--driver', 'overlay', '--internal', 'roundhouse-control');
    await secret('roundhouse-agent-key', 'the-key-of-all-agents-and-orchestrators');
    await secret('roundhouse-api-key', API_KEY);
    process.env.ENGINE_IMAGE = image;
    process.env.MIN_REPLICAS = String(REPLICAS);
    process.env.LEADER_LEASE_S = String(LEASE_S);
    await manager('stack', 'deploy', '--compose-file', STACK_FILE, '--resolve-image', 'never', 'roundhouse');
    // Redis stays when the leader's node is lost: that it is moved is Swarm's work.
    await manager(
      'service',
      'update',
      '--detach',
      '--constraint-add',
      'node.hostname==node3',
      'roundhouse_redis',
    );
    await manager(
      'service',
      'update',
      '--detach',
      '--constraint-add',
      'node.hostname!=node3',
      'roundhouse_roundhouse',
    );
  }, 5 * TIMEOUT_MS);
  afterAll(async () => {
    for (const name of ['ENGINE_IMAGE', 'MIN_REPLICAS', 'LEADER_LEASE_S']) delete process.env[name];
    await swarm?.stop();
  });

  /** The third node is not lost in these tests. */
  const manager = (...args: string[]) => swarm.node(3).docker(...args);
  const secret = async (name: string, value: string) => {
    const create = spawn('docker', ['secret', 'create', name, '-'], {
      env: { PATH: SEARCH_PATH, DOCKER_HOST: `unix://${swarm.node(3).socket}` },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    create.stdin.end(value);
    expect(await once(create, 'exit')).toEqual([0, null]);
  };
  const read = async <T>(address: string, path: string) => {
    const reply = await fetch(`http://${address}:8000${path}`, {
      headers: { 'x-api-key': API_KEY },
      signal: AbortSignal.timeout(3000),
    });
    if (reply.status !== 200) throw new Error(`${path}: ${reply.status}`);
    return (await reply.json()) as T;
  };
  const orchestrators = () => swarm.nodes.slice(0, 2);
  const leaderOf = async () => {
    for (const node of orchestrators()) {
      const health = await read<Health>(node.address, '/health').catch(() => null);
      if (health?.cluster?.leading) return node;
    }
    return null;
  };

  it('two orchestrators answer, one leads, and every node has an agent', async () => {
    const areReady = async () => {
      const [a, b] = await Promise.all(
        orchestrators().map(({ address }) => read<WireEngine[]>(address, '/engines')),
      );
      const ids = (engines: WireEngine[] = []) => engines.map(({ container_id: id }) => id).join();
      const healthy = (a ?? []).filter(({ health_status: health }) => health === 'healthy');
      return healthy.length === REPLICAS && ids(a) === ids(b);
    };
    await waitUntil('both list the same engines', areReady, TIMEOUT_MS);
    await waitUntil('one leads', leaderOf, TIMEOUT_MS);
    const haveAgents = async () => {
      const nodes = await read<WireNode[]>(swarm.node(1).address, '/nodes');
      return nodes.length === 3 && nodes.every(({ agent }) => agent === 'connected');
    };
    await waitUntil('all agents are connected', haveAgents, TIMEOUT_MS);
    const unauthorised = await fetch(`http://${swarm.node(1).address}:8000/engines`);
    expect(unauthorised.status).toBe(401);
  });

  it("the leader's node is lost: the other leads within the lease, and no engine is started twice", async () => {
    const leader = (await leaderOf())!;
    const other = orchestrators().find((node) => node !== leader)!;
    const before = await read<WireEngine[]>(other.address, '/engines');
    const startMs = performance.now();
    await leader.crash();
    const isLeading = async () => (await read<Health>(other.address, '/health')).cluster?.leading;
    await waitUntil('the other one leads', isLeading, TIMEOUT_MS);
    const leadingMs = performance.now() - startMs;
    process.stdout.write(`crash of the leader to next leader: ${(leadingMs / 1000).toFixed(1)} s\n`);
    expect(leadingMs).toBeLessThan((LEASE_S + 3) * 1000);
    const areReplaced = async () => {
      const engines = await read<WireEngine[]>(other.address, '/engines');
      const usable = engines.filter(
        ({ health_status: health, host }) => health === 'healthy' && host !== leader.address,
      );
      return usable.length === engines.length && usable.length >= REPLICAS && usable;
    };
    const engines = await waitUntil('its engines are replaced', areReplaced, TIMEOUT_MS);
    process.stdout.write(
      `crash of the leader to replaced: ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`,
    );
    const survivors = before.filter(({ host }) => host !== leader.address).map(({ container_id: id }) => id);
    expect(engines.map(({ container_id: id }) => id)).toEqual(expect.arrayContaining(survivors));
    expect(engines).toHaveLength(REPLICAS);
    expect(new Set(engines.map(({ port }) => port)).size).toBe(REPLICAS);
  });
});
