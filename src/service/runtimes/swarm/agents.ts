import { lookup } from 'node:dns/promises';
import type { AgentContainer, AgentEvent, AgentHello, AgentSamples, NodeLoad } from './agent/protocol.ts';
import { AgentLink } from './agent-link.ts';

/** Agents come and go with their nodes. */
const DISCOVERY_INTERVAL_MS = 5000;
/** Ended containers that are kept, to recognise a reply of Swarm that is older than their end. */
const MAX_ENDED = 4096;
/** How long the samples of a node are reused: reads of single engines share those of all. */
const SAMPLE_REUSE_MS = 1000;

/** Whether the agent of a node responds: `missing` if none has ever responded. */
export type AgentState = 'connected' | 'unreachable' | 'missing';

/** The end of a container that the agent of its node had reported as running. */
export interface ContainerEnd {
  nodeId: string;
  serviceId: string;
  containerId: string;
  exitCode?: number;
}

/** Callbacks of {@link Agents}. */
export interface AgentsListener {
  /** Called when a container has started, was paused or is resumed, by the id of its service. */
  onRunning(serviceId: string): void;
  onEnded(end: ContainerEnd): void;
  /** Called when an agent connects or is lost. If a node has several, the state may be the same as before. */
  onAgentChanged(nodeId: string, state: AgentState): void;
}

/** The latest samples of a node. */
interface NodeReply {
  reply: AgentSamples;
  atMs: number;
  /** Engines that were read, or that the agent had reported before: those without a sample could not be read. */
  ids: ReadonlySet<string>;
}

/** What the agent of a node has reported. */
interface NodeRecord {
  /** The latest connection. While an agent is replaced, there are two. */
  link: AgentLink;
  version: string;
  /** Running containers by their ids, and the connection that has reported them. */
  containers: Map<string, { serviceId: string; paused: boolean; reporter: AgentLink }>;
  samples: NodeReply | undefined;
  request: Promise<AgentSamples> | undefined;
}

/** The agents of all nodes. */
export class Agents {
  readonly #addresses: readonly string[];
  readonly #key: Buffer;
  readonly #timeoutMs: number;
  readonly #links = new Map<string, AgentLink>();
  readonly #nodes = new Map<string, NodeRecord>();
  /** The node at the other end of each connection. An address may become that of another node's agent. */
  readonly #nodeOf = new Map<AgentLink, string>();
  readonly #ended = new Set<string>();
  readonly #warn: (message: string) => void;
  #listener: AgentsListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param addresses as `host:port`; each address of a name is one agent
   * @param timeoutMs how long the samples of a node may take
   * @param warn called with warnings for the operator
   */
  constructor(
    addresses: readonly string[],
    key: Buffer,
    timeoutMs: number,
    warn: (message: string) => void = () => {},
  ) {
    this.#warn = warn;
    this.#addresses = addresses;
    this.#key = key;
    this.#timeoutMs = timeoutMs;
  }

  /** Connects to the agents, and finds new ones from then on. */
  start(listener: AgentsListener): void {
    this.#listener = listener;
    void this.#discover();
  }

  close(): void {
    this.#closed = true;
    this.#listener = undefined;
    clearTimeout(this.#timer);
    for (const link of this.#links.values()) link.close();
  }

  /** Drops what is known of other nodes than these, unless their agents respond: a list of nodes may be outdated. */
  retain(nodeIds: ReadonlySet<string>): void {
    for (const [nodeId, { link }] of this.#nodes)
      if (!nodeIds.has(nodeId) && !this.#isConnected(nodeId, link)) this.#nodes.delete(nodeId);
  }

  /** Whether any agent responds. */
  get anyConnected(): boolean {
    return [...this.#links.values()].some(({ connected }) => connected);
  }

  /** Whether the agent of a node has reported the end of a container. */
  hasEnded(nodeId: string, containerId: string): boolean {
    return this.#ended.has(`${nodeId}/${containerId}`);
  }

  /** Id of the running container of a service on a node, or undefined. */
  containerOf(nodeId: string, serviceId: string): string | undefined {
    const containers = this.#nodes.get(nodeId)?.containers ?? [];
    for (const [id, container] of containers) if (container.serviceId === serviceId) return id;
    return undefined;
  }

  isPaused(nodeId: string, containerId: string): boolean {
    return this.#nodes.get(nodeId)?.containers.get(containerId)?.paused ?? false;
  }

  /** Version of the agent of a node, and whether it responds. */
  describe(nodeId: string): { state: AgentState; version: string | null; load: NodeLoad | null } {
    const node = this.#nodes.get(nodeId);
    if (!node) return { state: 'missing', version: null, load: null };
    const state = this.#isConnected(nodeId, node.link) ? 'connected' : 'unreachable';
    return { state, version: node.version, load: node.samples?.reply.load ?? null };
  }

  /**
   * Requests samples of all engines of a node from its agent. Calls at the same time, and within a second after the
   * reply, share it unless one of the engines has started since then.
   * @param ids ids of the engines that are needed
   * @returns null if it has not responded in time
   */
  async samples(nodeId: string, ids: readonly string[], signal: AbortSignal): Promise<AgentSamples | null> {
    const node = this.#nodes.get(nodeId);
    if (!node || !this.#isConnected(nodeId, node.link)) return null;
    const coversAll = () => ids.every((id) => node.samples?.ids.has(id));
    const { samples: kept } = node;
    if (kept && performance.now() - kept.atMs < SAMPLE_REUSE_MS && coversAll()) return kept.reply;
    const shared = node.request;
    const reply = await this.#awaitReply(shared ?? this.#request(nodeId, node), signal);
    // A request that was made before an engine has started lacks it.
    if (!shared || !reply || coversAll()) return reply;
    return await this.#awaitReply(node.request ?? this.#request(nodeId, node), signal);
  }

  /** @returns null if the request fails; throws only if the signal aborts */
  async #awaitReply(request: Promise<AgentSamples>, signal: AbortSignal): Promise<AgentSamples | null> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([request, aborted]);
    } catch {
      signal.throwIfAborted();
      return null;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #request(nodeId: string, node: NodeRecord): Promise<AgentSamples> {
    const reported = Array.from(node.containers.values(), ({ serviceId }) => serviceId);
    const request = node.link.samples(AbortSignal.timeout(this.#timeoutMs)).then((reply) => {
      if (reply.nodeId !== nodeId) throw new Error('The agent belongs to another node');
      const ids = new Set([...reported, ...Object.keys(reply.samples)]);
      node.samples = { reply, atMs: performance.now(), ids };
      return reply;
    });
    const clear = () => {
      if (node.request === request) node.request = undefined;
    };
    node.request = request;
    request.then(clear, clear);
    return request;
  }

  #isConnected(nodeId: string, link: AgentLink): boolean {
    return link.connected && this.#nodeOf.get(link) === nodeId;
  }

  async #discover(): Promise<void> {
    const names = new Set<string>();
    let isComplete = true;
    // One after another: each query occupies a thread of Node.js, for many seconds if the server does not respond.
    for (const target of this.#addresses) {
      const found = await resolveAddresses(target);
      if (this.#closed) return;
      // While a name cannot be resolved, its agents are kept.
      if (found.length === 0) isComplete = false;
      for (const address of found) {
        const name = `${address.host}:${address.port}`;
        names.add(name);
        if (!this.#links.has(name)) this.#links.set(name, this.#connect(address));
      }
    }
    for (const [name, link] of isComplete ? this.#links : []) {
      if (link.connected || names.has(name)) continue;
      link.close();
      this.#links.delete(name);
      this.#nodeOf.delete(link);
    }
    this.#timer = setTimeout(() => void this.#discover(), DISCOVERY_INTERVAL_MS);
    this.#timer.unref();
  }

  #connect(address: { host: string; port: number }): AgentLink {
    const link: AgentLink = new AgentLink(address, this.#key, {
      onHello: (hello) => this.#onHello(hello, link),
      onEvent: (event) => this.#onEvent(event, link),
      onLost: () => this.#onLost(link),
      onRefused: () =>
        this.#warn(
          `The agent at ${link.name} has another key: give the same secret to all agents and orchestrators (AGENT_KEY_FILE)`,
        ),
    });
    return link;
  }

  #onHello({ nodeId, version, containers }: AgentHello, link: AgentLink): void {
    const before = this.#nodeOf.get(link);
    this.#nodeOf.set(link, nodeId);
    if (before !== undefined && before !== nodeId) this.#onLinkLeft(before, link);
    const node = this.#nodes.get(nodeId) ?? this.#add(nodeId, version, containers ?? [], link);
    node.link = link;
    node.version = version;
    if (containers) this.#compare(nodeId, node, containers, link);
    this.#listener?.onAgentChanged(nodeId, 'connected');
  }

  /** A node whose agent has connected for the first time. Its engines are listed by the managers. */
  #add(nodeId: string, version: string, listed: readonly AgentContainer[], link: AgentLink): NodeRecord {
    const containers: NodeRecord['containers'] = new Map(
      listed.map(({ containerId, serviceId }) => [containerId, { serviceId, paused: false, reporter: link }]),
    );
    const node: NodeRecord = { link, version, containers, samples: undefined, request: undefined };
    this.#nodes.set(nodeId, node);
    return node;
  }

  /** Compares the known containers of a node with those that its agent lists. */
  #compare(nodeId: string, node: NodeRecord, listed: readonly AgentContainer[], link: AgentLink): void {
    const running = new Set(listed.map(({ containerId }) => containerId));
    for (const [containerId, { reporter }] of [...node.containers]) {
      // Another agent with the same node id, as of a cloned machine, has containers of its own.
      const isOfAnother = reporter !== link && this.#isConnected(nodeId, reporter);
      if (!running.has(containerId) && !isOfAnother) this.#end(nodeId, node, containerId);
    }
    for (const container of listed) this.#setRunning(nodeId, node, container, link);
  }

  #onEvent(event: AgentEvent, link: AgentLink): void {
    const nodeId = this.#nodeOf.get(link);
    const node = nodeId === undefined ? undefined : this.#nodes.get(nodeId);
    if (nodeId === undefined || !node) return;
    if (event.type === 'ended') this.#end(nodeId, node, event.containerId, event.exitCode);
    else this.#setRunning(nodeId, node, event, link);
  }

  #setRunning(
    nodeId: string,
    node: NodeRecord,
    { serviceId, containerId, paused }: AgentContainer,
    reporter: AgentLink,
  ): void {
    const known = node.containers.get(containerId);
    this.#ended.delete(`${nodeId}/${containerId}`);
    node.containers.set(containerId, { serviceId, paused, reporter });
    if (known?.paused !== paused) this.#listener?.onRunning(serviceId);
  }

  /** Ends a container that the agent of the node has listed before. Ends of others are ignored. */
  #end(nodeId: string, node: NodeRecord, containerId: string, exitCode?: number): void {
    const container = node.containers.get(containerId);
    if (!container) return;
    node.containers.delete(containerId);
    this.#ended.add(`${nodeId}/${containerId}`);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.values().next().value!);
    const { serviceId } = container;
    this.#listener?.onEnded({ nodeId, serviceId, containerId, ...(exitCode !== undefined && { exitCode }) });
  }

  #onLost(link: AgentLink): void {
    const nodeId = this.#nodeOf.get(link);
    if (nodeId !== undefined) this.#onLinkLeft(nodeId, link);
  }

  /** A connection no longer leads to the agent of a node. Another one may, if its agent is being replaced. */
  #onLinkLeft(nodeId: string, link: AgentLink): void {
    const node = this.#nodes.get(nodeId);
    if (node?.link !== link) return;
    const other = [...this.#links.values()].find((each) => this.#isConnected(nodeId, each));
    if (other) node.link = other;
    else this.#listener?.onAgentChanged(nodeId, 'unreachable');
  }
}

/** @returns an empty list if the name cannot be resolved */
async function resolveAddresses(target: string): Promise<{ host: string; port: number }[]> {
  const at = target.lastIndexOf(':');
  const host = target.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  const port = Number(target.slice(at + 1));
  const addresses = await lookup(host, { all: true }).catch(() => []);
  return addresses.map(({ address }) => ({ host: address, port }));
}
