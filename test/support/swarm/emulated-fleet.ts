import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentServer } from '../../../src/service/runtimes/swarm/agent/agent-server.ts';
import { EventBuffer } from '../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import { readAgentKey } from '../../../src/service/runtimes/swarm/agent/key.ts';
import type { NodeContainers } from '../../../src/service/runtimes/swarm/agent/node-containers.ts';
import { freePorts } from '../http/free-ports.ts';
import { freePortRange } from '../http/port-range.ts';
import { EmulatedSwarm } from './emulated-swarm.ts';

/** What an emulated node is like, besides its defaults. */
export interface EmulatedNode {
  name: string;
  role?: 'manager' | 'worker';
  availability?: 'active' | 'pause' | 'drain';
  labels?: Record<string, string>;
  /** Cores. */
  cpus?: number;
  /** Bytes. */
  memory?: number;
  /** Number of engines that run on it at first. */
  engines: number;
  /** Whether it has an agent. Defaults to true. */
  agent?: boolean;
}

const GB = 1e9;
/** Connections to a multicast address fail at once, without a packet and without being refused. */
const UNREACHABLE = '224.0.0.1';
const startedAt = Date.now() - 3_600_000;

/**
 * A Swarm that only exists in memory, with real agents in this process and engines that respond at the addresses of
 * their nodes, `127.0.0.1` and following.
 */
export class EmulatedFleet implements AsyncDisposable {
  readonly swarm: EmulatedSwarm;
  /** Settings of an orchestrator. */
  readonly settings: Record<string, string>;
  readonly #folder: string;
  readonly #agentPort: number;
  readonly #key: Buffer;
  readonly #agents = new Map<number, Server>();
  readonly #engines = new Map<number, Server[]>();

  private constructor(
    parts: Pick<EmulatedFleet, 'swarm' | 'settings'> & { folder: string; agentPort: number; key: Buffer },
  ) {
    this.swarm = parts.swarm;
    this.settings = parts.settings;
    this.#folder = parts.folder;
    this.#agentPort = parts.agentPort;
    this.#key = parts.key;
  }

  static async start(nodes: readonly EmulatedNode[]): Promise<EmulatedFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-emulated-fleet-'));
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, randomBytes(32).toString('hex'));
    const swarm = new EmulatedSwarm(nodes.length);
    await swarm.listen(join(folder, 'manager.sock'));
    const { first, last } = await freePortRange(3);
    const [agentPort] = (await freePorts(1)) as [number];
    const settings = {
      ENGINE_RUNTIME: 'swarm',
      DOCKER_HOST: `unix://${join(folder, 'manager.sock')}`,
      DOCKER_TIMEOUT_S: '1',
      CONTAINER_LABEL: 'app=fleet',
      SWARM_AGENTS: swarm.nodes.map(({ Status }) => `${Status.Addr}:${agentPort}`).join(','),
      AGENT_KEY_FILE: keyFile,
      PORT_RANGE_HOST: `${first}-${last}`,
      MAX_REPLICAS: '100',
      MONITOR_INTERVAL_S: '1',
      HEALTH_CHECK_INTERVAL_S: '1',
    };
    const fleet = new EmulatedFleet({ swarm, settings, folder, agentPort, key: readAgentKey(keyFile) });
    let port = first;
    for (const [index, node] of nodes.entries()) {
      fleet.#describe(index, node);
      for (let count = 0; count < node.engines; count += 1) await fleet.#startEngine(index, port++);
      if (node.agent !== false) await fleet.startAgent(index);
    }
    return fleet;
  }

  /** Starts the agent of a node. */
  async startAgent(index: number): Promise<void> {
    const { ID, Status } = this.swarm.nodes[index]!;
    const tasks = () => [...this.swarm.tasks.values()].filter(({ NodeID }) => NodeID === ID);
    const list = () =>
      tasks().map(({ ServiceID }) => ({
        serviceId: ServiceID,
        containerId: `container${ServiceID}`,
        paused: false,
      }));
    const containers = {
      dockerResponds: true,
      isKnown: true,
      list,
      sample: async () =>
        Object.fromEntries(list().map(({ serviceId }, engine) => [serviceId, sampleOf(engine)])),
    } as unknown as NodeContainers;
    const events = new EventBuffer(1000);
    const parts = { nodeId: ID, version: '1.0.0', key: this.#key, containers, events };
    const server = createAgentServer(parts);
    server.listen(this.#agentPort, Status.Addr);
    await once(server, 'listening');
    this.#agents.set(index, server as unknown as Server);
  }

  /** Ends the agent of a node. Its engines go on. */
  async stopAgent(index: number): Promise<void> {
    const server = this.#agents.get(index);
    this.#agents.delete(index);
    if (server) await end(server);
  }

  /** Ends the agent and the engines of a node, whose address then does not respond. The managers do not notice. */
  async lose(index: number): Promise<void> {
    const engines = this.#engines.get(index) ?? [];
    this.#engines.delete(index);
    this.swarm.nodes[index]!.Status.Addr = UNREACHABLE;
    await Promise.all([this.stopAgent(index), ...engines.map(end)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = this.swarm.nodes.map((_, index) => this.lose(index));
    await Promise.all([...nodes, this.swarm.close()]);
    await rm(this.#folder, { recursive: true });
  }

  #describe(index: number, emulated: EmulatedNode): void {
    const {
      name,
      role = 'worker',
      availability = 'active',
      labels = {},
      cpus = 8,
      memory = 32 * GB,
    } = emulated;
    const node = this.swarm.nodes[index]!;
    Object.assign(node.Spec, { Role: role, Availability: availability, Labels: labels });
    node.Description.Hostname = name;
    node.Description.Resources = { NanoCPUs: cpus * 1e9, MemoryBytes: memory };
    if (role === 'manager')
      Object.assign(node, { ManagerStatus: { Leader: index === 0, Addr: node.Status.Addr } });
  }

  async #startEngine(index: number, port: number): Promise<void> {
    const { ID, Status } = this.swarm.nodes[index]!;
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(replyTo(request.url ?? '', request.headers.host ?? '')));
    });
    server.listen(port, Status.Addr);
    await once(server, 'listening');
    this.#engines.set(index, [...(this.#engines.get(index) ?? []), server]);
    const id = this.swarm.create({
      Name: `engine-${port}`,
      Labels: { app: 'fleet', 'roundhouse.instance': 'another' },
      EndpointSpec: { Ports: [{ PublishedPort: port }] },
    });
    this.swarm.tasks.get(id)!.NodeID = ID;
  }
}

/** What an engine replies to the requests of Roundhouse. */
function replyTo(url: string, host: string): object {
  if (url.startsWith('/ace/getstream')) {
    const infohash = new URL(url, 'http://engine').searchParams.get('infohash');
    const base = `http://${host}/ace`;
    const session = { playback_session_id: infohash, infohash, playback_url: `${base}/play/1` };
    return {
      response: { ...session, stat_url: `${base}/stat/1`, command_url: `${base}/cmd/1` },
      error: null,
    };
  }
  if (url.startsWith('/ace/'))
    return {
      response: { status: 'dl', peers: 12, speed_down: 800, speed_up: 90, downloaded: 1e8, uploaded: 1e7 },
      error: null,
    };
  return { result: { platform: 'linux', version: '3.2.3', playlist_loaded: false }, error: null };
}

/** The usage of the engine with this number on its node: about a tenth of a core for each, and some 200 MB. */
function sampleOf(engine: number) {
  const takenAt = Date.now();
  return {
    takenAt,
    startedAt,
    cpuNs: (takenAt - startedAt) * 1e5 * (1 + (engine % 3)),
    memoryUsage: 180e6 + 40e6 * (engine % 4),
    memoryLimit: 1 * GB,
    networkRx: (takenAt - startedAt) * 300,
    networkTx: (takenAt - startedAt) * 120,
    blockRead: 1e6,
    blockWrite: 1e6,
    networkNamespace: `network ${engine}`,
  };
}

async function end(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
