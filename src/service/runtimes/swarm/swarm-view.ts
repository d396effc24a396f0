import type { RuntimeEngine, RuntimeNode } from '../../engines/runtime.ts';
import type { Agents } from './agents.ts';
import { NodeHistory } from './node-history.ts';
import type { SwarmNode } from './nodes.ts';
import type { SwarmEngineOptions } from './options.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';
import { isAlive, isManaged, readServiceEngine } from './service-engine.ts';
import type { SwarmApi } from './swarm-api.ts';

/** Starts that are kept; far more than there can be engines. */
const MAX_STARTS = 10_000;

/** The engines and nodes as last seen: what the managers report, corrected by what the agents have reported since. */
export class SwarmView {
  readonly #api: SwarmApi;
  readonly #options: SwarmEngineOptions;
  readonly #agents: Agents | null;
  readonly #isLost: (nodeId: string) => boolean;
  readonly #engines = new Map<string, RuntimeEngine>();
  /** The container of each engine, once it has one. */
  readonly #containers = new Map<string, string>();
  /** When each container was first seen running: Swarm's time of it may change. */
  readonly #startedAt = new Map<string, number>();
  readonly #history = new NodeHistory(Date.now);
  #nodes = new Map<string, SwarmNode>();

  /** @param isLost whether a node responds neither through its agent nor through any of its engines */
  constructor(
    api: SwarmApi,
    options: SwarmEngineOptions,
    agents: Agents | null,
    isLost: (nodeId: string) => boolean,
  ) {
    this.#api = api;
    this.#options = options;
    this.#agents = agents;
    this.#isLost = isLost;
  }

  /** Nodes by their ids. */
  set nodes(nodes: Map<string, SwarmNode>) {
    this.#nodes = nodes;
    this.#history.retain(new Set(nodes.keys()));
  }

  /** An engine as last seen. */
  engine(id: string): RuntimeEngine | undefined {
    return this.#engines.get(id);
  }

  /** All engines as last seen. */
  get engines(): RuntimeEngine[] {
    return [...this.#engines.values()];
  }

  /** Engines of a node as last seen. */
  enginesOf(nodeId: string): RuntimeEngine[] {
    return [...this.#engines.values()].filter(({ node }) => node?.id === nodeId);
  }

  /** An engine has ended. */
  forget(id: string): void {
    this.#engines.delete(id);
    this.#containers.delete(id);
  }

  /** Whether an engine is in a container of a node, as far as is known. A restarted engine is in another one. */
  isIn(id: string, nodeId: string, containerId: string): boolean {
    const known = this.#containers.get(id) ?? containerId;
    return this.#engines.get(id)?.node?.id === nodeId && known === containerId;
  }

  /** Reads the nodes, unless the node is known. */
  async ensureNode(nodeId: string | null | undefined): Promise<void> {
    if (nodeId && !this.#nodes.has(nodeId)) this.#nodes = await this.#api.nodes();
  }

  /** @returns null for a service that is not managed, or whose engine has ended or has no node yet */
  toEngine(service: ServiceInfo, task: TaskInfo | undefined): RuntimeEngine | null {
    const { label, engineHost } = this.#options;
    const node = this.#nodes.get(task?.NodeID ?? '');
    if (!task || !node || !isManaged(service, label) || !this.isRunning(task)) {
      this.forget(service.ID);
      return null;
    }
    const read = readServiceEngine(service, task, node, { managed: label, engineHost });
    const containerId = task.Status.ContainerStatus?.ContainerID ?? '';
    const engine = {
      ...read,
      startedAt: this.#startOf(service.ID, node.id, containerId || task.ID, read.startedAt),
      paused: this.#agents?.isPaused(node.id, containerId) ?? false,
    };
    this.#engines.set(engine.id, engine);
    if (containerId !== '') this.#containers.set(engine.id, containerId);
    return engine;
  }

  /** Keeps only the engines that are listed. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#engines.keys()) if (!ids.has(id)) this.forget(id);
  }

  /** Whether an engine runs or is starting. */
  isRunning(task: TaskInfo): boolean {
    const nodeId = task.NodeID ?? '';
    return !this.hasEnded(task) && this.#nodes.get(nodeId)?.state !== 'down' && !this.#isLost(nodeId);
  }

  /** Whether Swarm or an agent has reported the end of an engine. An agent does so some tenths of a second earlier. */
  hasEnded(task: TaskInfo): boolean {
    const containerId = task.Status.ContainerStatus?.ContainerID;
    return !isAlive(task) || Boolean(containerId && this.#agents?.hasEnded(task.NodeID ?? '', containerId));
  }

  /** All nodes with the state of their agents. */
  listNodes(): RuntimeNode[] {
    return [...this.#nodes.values()].map((node) => this.#describe(node));
  }

  /** One node, or undefined. */
  describeNode(nodeId: string): RuntimeNode | undefined {
    const node = this.#nodes.get(nodeId);
    return node && this.#describe(node);
  }

  /** Whether the state of a node, its availability or its agent differs from when this was last called for it. */
  isNews(node: RuntimeNode): boolean {
    return this.#history.isNews(node);
  }

  #describe(node: SwarmNode): RuntimeNode {
    const agent = this.#agents?.describe(node.id);
    const isLost = node.state !== 'down' && this.#isLost(node.id);
    return this.#history.withTimes({
      ...node,
      state: isLost ? 'lost' : node.state,
      agent: agent?.state ?? 'not_configured',
      agentVersion: agent?.version ?? null,
      load: agent?.load ?? null,
    });
  }

  /**
   * When an engine has started. An agent reports that earlier than Swarm, and nothing else is reported afterwards.
   * @param reported the time as Swarm reports it, or null
   */
  #startOf(serviceId: string, nodeId: string, containerId: string, reported: number | null): number | null {
    const id = reported === null ? this.#agents?.containerOf(nodeId, serviceId) : containerId;
    if (id === undefined) return null;
    const first = this.#startedAt.get(id) ?? reported ?? Date.now();
    this.#startedAt.set(id, first);
    if (this.#startedAt.size > MAX_STARTS) this.#startedAt.delete(this.#startedAt.keys().next().value!);
    return first;
  }
}
