import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../http/free-ports.ts';
import { EmulatedSwarm } from './emulated-swarm.ts';

const PROGRAM = fileURLToPath(new URL('agent-program.ts', import.meta.url));
const FIRST_PORT = 20_000;

/** Many nodes: real agents in processes of their own, and a manager and engines that only exist in memory. */
export class SimulatedSwarm {
  /** The manager. */
  readonly manager: EmulatedSwarm;
  /** The agents, in the order of the nodes. */
  readonly agents: readonly ChildProcess[];
  /** Addresses of the agents. */
  readonly addresses: readonly { host: string; port: number }[];
  /** File with the key of the agents. */
  readonly keyFile: string;
  readonly #folder: string;

  constructor(
    folder: string,
    manager: EmulatedSwarm,
    agents: readonly ChildProcess[],
    addresses: readonly { host: string; port: number }[],
  ) {
    this.#folder = folder;
    this.manager = manager;
    this.agents = agents;
    this.addresses = addresses;
    this.keyFile = keyFileIn(folder);
  }

  /** Settings of an orchestrator for it, without any work of its own. */
  get settings(): NodeJS.ProcessEnv {
    return {
      ENGINE_RUNTIME: 'swarm',
      DOCKER_HOST: `unix://${socketIn(this.#folder)}`,
      CONTAINER_LABEL: 'app=scale',
      SWARM_AGENTS: this.addresses.map(({ host, port }) => `${host}:${port}`).join(','),
      AGENT_KEY_FILE: this.keyFile,
      MIN_REPLICAS: '0',
      MIN_FREE_REPLICAS: '0',
      MAX_REPLICAS: '1000',
      PORT_RANGE_HOST: '20000-21999',
      // Nothing listens on the ports of these engines.
      STARTUP_TIMEOUT_S: '600',
      HISTORY_SAMPLE_INTERVAL_S: '0',
      CACHE_WARM_ON_START: 'false',
      DATA_DIR: join(this.#folder, 'data'),
    };
  }

  /** Asks an agent: how often it took samples, its memory in bytes, or to change its containers all the time. */
  async ask(agent: ChildProcess, question: 'count' | 'memory' | 'flap'): Promise<number> {
    const answered = once(agent, 'message');
    agent.send(question);
    return Number((await answered)[0]);
  }

  /** How often each agent took samples. */
  counts(): Promise<number[]> {
    return Promise.all(this.agents.map((agent) => this.ask(agent, 'count')));
  }

  /** Ends all processes, and removes the files. */
  async stop(): Promise<void> {
    await this.manager.close();
    for (const agent of this.agents) {
      const ended = once(agent, 'exit');
      agent.kill();
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Starts the agents, with the engines distributed over the nodes. */
export async function startSimulatedSwarm(nodes: number, engines: number): Promise<SimulatedSwarm> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-scale-'));
  await writeFile(keyFileIn(folder), 'the-key-of-all-agents-and-orchestrators');
  const manager = new EmulatedSwarm(nodes);
  await manager.listen(socketIn(folder));
  for (let index = 0; index < engines; index += 1) {
    const port = FIRST_PORT + index;
    manager.create({
      Name: `engine-${port}`,
      Labels: { app: 'scale', 'roundhouse.instance': 'another' },
      EndpointSpec: { Ports: [{ PublishedPort: port }] },
    });
  }
  const [port] = (await freePorts(1)) as [number];
  const agents = manager.nodes.map(({ ID, Status }) => {
    const own = [...manager.tasks.values()].filter(({ NodeID }) => NodeID === ID);
    const services = own.map(({ ServiceID }) => ServiceID).join(',');
    return fork(PROGRAM, [ID, Status.Addr, String(port), keyFileIn(folder), services]);
  });
  await Promise.all(agents.map((agent) => once(agent, 'message')));
  const addresses = manager.nodes.map(({ Status }) => ({ host: Status.Addr, port }));
  return new SimulatedSwarm(folder, manager, agents, addresses);
}

function keyFileIn(folder: string): string {
  return join(folder, 'key');
}

function socketIn(folder: string): string {
  return join(folder, 'manager.sock');
}
