import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerPrograms } from '../docker/docker-programs.ts';
import { createNetwork, type SwarmNetwork } from './network.ts';
import { SwarmNode } from './swarm-node.ts';

/** A real Docker Swarm on this machine. */
export class Swarm {
  /** The first is the manager that has created the Swarm. */
  readonly nodes: readonly SwarmNode[];
  /** The network that the nodes are in. */
  readonly network: SwarmNetwork;
  /** Folder with all files. */
  readonly folder: string;

  constructor(nodes: readonly SwarmNode[], network: SwarmNetwork, folder: string) {
    this.nodes = nodes;
    this.network = network;
    this.folder = folder;
  }

  /** The node with a number from 1. */
  node(number: number): SwarmNode {
    const node = this.nodes[number - 1];
    if (!node) throw new Error(`there is no node ${number}`);
    return node;
  }

  /** Ends all daemons and containers, and removes everything that belongs to them. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.discard()));
    await this.network.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Starts daemons in network namespaces, and joins them to a Swarm.
 * @param managers how many of the nodes are managers
 * @throws Error if no daemon can run on this machine
 */
export async function startSwarm(size: number, managers: number): Promise<Swarm> {
  const programs = await dockerPrograms();
  if ('missing' in programs) throw new Error(programs.missing);
  const network = await createNetwork(size, programs.paths.ip);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-swarm-'));
  const nodes = Array.from(
    { length: size },
    (_, index) => new SwarmNode(index + 1, join(folder, `n${index + 1}`), network, programs.paths),
  );
  const swarm = new Swarm(nodes, network, folder);
  try {
    await Promise.all(nodes.map(({ folder: own }) => writeFile(join(own, 'daemon.json'), '{}')));
    await Promise.all(nodes.map((node) => node.start()));
    const [first, ...others] = nodes as [SwarmNode, ...SwarmNode[]];
    await first.docker('swarm', 'init', '--advertise-addr', first.address);
    for (const node of others) {
      const role = node.number <= managers ? 'manager' : 'worker';
      const token = await first.docker('swarm', 'join-token', '--quiet', role);
      const target = `${first.address}:2377`;
      await node.docker('swarm', 'join', '--advertise-addr', node.address, '--token', token, target);
    }
  } catch (error) {
    await swarm.stop();
    throw error;
  }
  return swarm;
}
