import {
  DEFAULT_CREATE_WAIT_MS,
  type EngineRuntime,
  type EngineSpec,
  type LogOptions,
  type ResourceSample,
  type RuntimeEngine,
  type RuntimeListener,
  type RuntimeNode,
  type RuntimeOutage,
} from '../../engines/runtime.ts';
import type { ContainerEvent } from '../docker/events.ts';
import { openLogs, readLogs } from '../docker/logs.ts';
import type { Agents, ContainerEnd } from './agents.ts';
import { EngineStarter } from './engine-starter.ts';
import { FollowedLogs } from './followed-logs.ts';
import { Leftovers } from './leftovers.ts';
import { LostNodes } from './lost-nodes.ts';
import type { Managers } from './managers.ts';
import { NodeSamples } from './node-samples.ts';
import type { SwarmEngineOptions } from './options.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';
import { isManaged, latestTasks } from './service-engine.ts';
import { SwarmApi } from './swarm-api.ts';
import { SwarmView } from './swarm-view.ts';
import { Throttle } from './throttle.ts';

const REMOVE_TIMEOUT_MS = 20_000;
/** After the loss of a leader, managers may need half a minute until they answer again. */
const MAX_WITHOUT_MANAGERS_MS = 60_000;
/** However often containers change, each engine is inspected, and all are listed, at most once in this time. */
const CHANGES_INTERVAL_MS = 250;

/** Runs each engine as a service of a Docker Swarm, and reads or changes no other services. */
export class SwarmRuntime implements EngineRuntime {
  readonly name = 'swarm';
  readonly isShared = true;
  readonly mapsPorts = true;
  readonly settleMs = 1500;
  readonly #managers: Managers;
  readonly #agents: Agents | null;
  readonly #options: SwarmEngineOptions;
  readonly #api: SwarmApi;
  readonly #view: SwarmView;
  readonly #starter: EngineStarter;
  readonly #samples: NodeSamples;
  readonly #leftovers: Leftovers;
  readonly #lostNodes: LostNodes;
  readonly #followedLogs = new FollowedLogs();
  readonly #changes = new Throttle(CHANGES_INTERVAL_MS);
  #listener: RuntimeListener | undefined;
  /** When a manager last listed the engines. */
  #listedAtMs = Number.NEGATIVE_INFINITY;
  #managerOutage: RuntimeOutage | null = null;

  /** @param agents the agents of the nodes, or null without them */
  constructor(managers: Managers, options: SwarmEngineOptions, agents: Agents | null) {
    this.#managers = managers;
    this.#agents = agents;
    this.#options = options;
    this.#api = new SwarmApi(managers);
    this.#lostNodes = new LostNodes(
      (nodeId) => this.#view.enginesOf(nodeId).map(({ host, ports }) => ({ host, port: ports.hostHttp })),
      (nodeId, lost) => this.#onNodeLost(nodeId, lost),
    );
    this.#view = new SwarmView(this.#api, options, agents, (nodeId) => this.#lostNodes.ids.has(nodeId));
    this.#starter = new EngineStarter(this.#api, this.#view, options, this.#lostNodes.ids);
    this.#samples = new NodeSamples(agents, this.#view);
    this.#leftovers = new Leftovers(options.instance);
  }

  get variant(): string {
    return this.#options.variant;
  }

  /** While no manager can answer, as during an election, the agents keep reporting what happens to the engines. */
  async list(): Promise<RuntimeEngine[]> {
    try {
      const engines = await this.#listFromManagers();
      this.#listedAtMs = performance.now();
      this.#setManagerOutage(null);
      return engines;
    } catch (error) {
      this.#setManagerOutage(error as Error);
      if (!this.#isCovered()) throw error;
      return this.#view.engines;
    }
  }

  /** Whether the agents keep the engines current without the managers. */
  #isCovered(): boolean {
    const isRecent = performance.now() - this.#listedAtMs < MAX_WITHOUT_MANAGERS_MS;
    return isRecent && this.#agents?.anyConnected === true;
  }

  async #listFromManagers(): Promise<RuntimeEngine[]> {
    const { name, value } = this.#options.label;
    const label = `${name}=${value}`;
    const [listed, tasks, nodes] = await Promise.all([
      this.#api.services(label),
      this.#api.tasks({ label: [label] }),
      this.#api.nodes(),
    ]);
    const isFirst = this.nodes().length === 0;
    const nodeIds = new Set(nodes.keys());
    this.#view.nodes = nodes;
    this.#lostNodes.retain(nodeIds);
    this.#agents?.retain(nodeIds);
    for (const node of this.nodes())
      if (this.#view.isNews(node) && !isFirst) this.#listener?.onNodeChanged?.(node);
    const latest = latestTasks(tasks);
    this.#removeLeftovers(listed, latest);
    const services = listed.filter((service) => !this.#starter.isAbandoned(service));
    this.#reportNodeLosses(services, latest);
    this.#view.retain(new Set(services.map(({ ID }) => ID)));
    const engines = services.map((service) => this.#view.toEngine(service, latest.get(service.ID)));
    return engines.filter((engine) => engine !== null);
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    const [service, tasks] = await Promise.all([this.#api.service(id), this.#api.tasks({ service: [id] })]);
    const task = latestTasks(tasks).get(id);
    if (!service || !task) return null;
    if (this.#starter.isAbandoned(service)) {
      this.#removeLeftover(id);
      return null;
    }
    await this.#view.ensureNode(task.NodeID);
    return this.#view.toEngine(service, task);
  }

  create(spec: EngineSpec, maxWaitMs: number = DEFAULT_CREATE_WAIT_MS): Promise<RuntimeEngine> {
    return this.#starter.start(spec, maxWaitMs);
  }

  async restart(id: string): Promise<RuntimeEngine> {
    const engine = await this.#starter.restart(id);
    // Without agents, nothing else reports the start.
    this.#listener?.onStarted(id);
    return engine;
  }

  async remove(id: string): Promise<void> {
    await this.#api.remove(id, REMOVE_TIMEOUT_MS);
    this.#forget(id);
  }

  sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    return this.#samples.read(ids, signal);
  }

  async logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    const { signal } = options;
    const open = () =>
      this.#managers.call(
        'logs',
        (docker, abortSignal) => openLogs(docker, `/services/${id}`, options, abortSignal),
        { signal },
      );
    const bytes = await readLogs(open, false, signal);
    return bytes && options.follow ? this.#followedLogs.untilEnd(id, bytes) : bytes;
  }

  nodes(): RuntimeNode[] {
    return this.#view.listNodes();
  }

  get managerOutage(): RuntimeOutage | null {
    return this.#managerOutage;
  }

  watch(listener: RuntimeListener): () => void {
    this.#listener = listener;
    const filters = { type: ['service', 'node'], scope: ['swarm'] };
    const unfollow = this.#managers.follow(filters, {
      onEvent: (event) => this.#onEvent(event, listener),
      onConnected: () => listener.onConnected(),
      onDisconnected: (reason) => {
        if (!this.#isCovered()) listener.onDisconnected(reason);
      },
    });
    this.#agents?.start({
      onRunning: (id) => this.#changes.run(`engine ${id}`, () => listener.onStarted(id)),
      onEnded: (end) => this.#onEnded(end),
      onAgentChanged: (nodeId, state) => {
        if (state === 'connected') this.#lostNodes.agentConnected(nodeId);
        else this.#lostNodes.agentLost(nodeId);
        this.#onNodeChanged(nodeId);
      },
    });
    return () => {
      unfollow();
      this.#agents?.close();
      this.#lostNodes.close();
      this.#changes.close();
      this.#listener = undefined;
    };
  }

  /** Ends no engine: they keep running, so that a restart of Roundhouse interrupts no stream. */
  async close(): Promise<void> {
    this.#agents?.close();
    this.#lostNodes.close();
  }

  /** Tasks have no events of their own at the managers. */
  #onEvent({ type, action, id }: ContainerEvent, listener: RuntimeListener): void {
    if (type === 'node') listener.onConnected();
    else if (action === 'remove') this.#stop(id);
    else listener.onStarted(id);
  }

  /** An agent has reported the end of a container. It may be a former one of its service, or not an engine at all. */
  #onEnded({ nodeId, serviceId, containerId, exitCode }: ContainerEnd): void {
    if (this.#view.isIn(serviceId, nodeId, containerId)) this.#stop(serviceId, exitCode);
    this.#changes.run('list', () => this.#listener?.onConnected());
  }

  #onNodeLost(nodeId: string, lost: boolean): void {
    const engines = this.#view.enginesOf(nodeId);
    if (lost) for (const { id } of engines) this.#stop(id, undefined, true);
    this.#onNodeChanged(nodeId);
    this.#listener?.onConnected();
  }

  /** Engines of nodes that Swarm has just found to be down end with that cause. */
  #reportNodeLosses(services: readonly ServiceInfo[], latest: ReadonlyMap<string, TaskInfo>): void {
    for (const { ID } of services) {
      const engine = this.#view.engine(ID);
      const task = latest.get(ID);
      const isDown = this.#view.describeNode(engine?.node?.id ?? '')?.state === 'down';
      if (engine && task && isDown) this.#stop(ID, undefined, true);
    }
  }

  /** Its agent, the checks of its engines and the managers may report the same change. */
  #onNodeChanged(nodeId: string): void {
    const node = this.#view.describeNode(nodeId);
    if (node && this.#view.isNews(node)) this.#listener?.onNodeChanged?.(node);
  }

  #setManagerOutage(error: Error | null): void {
    if ((error === null) === (this.#managerOutage === null)) return;
    this.#managerOutage = error && { since: Date.now(), reason: error.message };
    this.#listener?.onManagersChanged?.(this.#managerOutage);
  }

  #stop(id: string, exitCode?: number, nodeLost?: boolean): void {
    this.#forget(id);
    this.#listener?.onStopped(id, exitCode, false, nodeLost);
  }

  #forget(id: string): void {
    this.#view.forget(id);
    this.#samples.forget(id);
    this.#followedLogs.end(id);
  }

  /** Removes services whose start has failed, whose engine has ended, and those that never got a node. */
  #removeLeftovers(services: readonly ServiceInfo[], latest: ReadonlyMap<string, TaskInfo>): void {
    const managed = services.filter((service) => isManaged(service, this.#options.label));
    const hasEnded = (task: TaskInfo) => this.#view.hasEnded(task);
    const isCreating = (service: ServiceInfo) => this.#starter.isStarting(service);
    const abandoned = managed.filter((service) => this.#starter.isAbandoned(service)).map(({ ID }) => ID);
    const others = this.#leftovers.find(managed, latest, hasEnded, isCreating, performance.now());
    for (const id of new Set([...abandoned, ...others])) this.#removeLeftover(id);
  }

  /** One that cannot be removed is found again by the next list. */
  #removeLeftover(id: string): void {
    void this.#api.remove(id, REMOVE_TIMEOUT_MS).catch(() => {});
  }
}
