import { lookup } from 'node:dns/promises';
import type { AgentEvent, AgentHello, AgentSamples, NodeLoad } from './agent/protocol.ts';
import { AgentLink } from './agent-link.ts';

/** Agents come and go with their nodes. */
const DISCOVERY_INTERVAL_MS = 5000;
/** Ended containers that are kept, to recognise a reply of Swarm that is older than their end. */
const MAX_ENDED = 4096;
/** Requests for one engine after another use the samples of all. */
const SAMPLE_REUSE_MS = 1000;

/** Whether the agent of a node responds: `missing` if none has ever responded. */
export type AgentState = 'connected' | 'unreachable' | 'missing';

/** Callbacks of {@link Agents}. */
export interface AgentsListener {
  /** Called when a container has started, was paused or is resumed, by the id of its service. */
  onRunning(serviceId: string): void;
  onEnded(serviceId: string, exitCode?: number): void;
  /** Called when an agent is connected or lost. */
  onAgentChanged(nodeId: string, state: AgentState): void;
}

/** What the agent of a node has reported. */
interface NodeRecord {
  link: AgentLink;
  version: string;
  /** Running containers by their ids. */
  containers: Map<string, { serviceId: string; paused: boolean }>;
  samples: { reply: AgentSamples; atMs: number } | undefined;
  request: Promise<AgentSamples> | undefined;
}

/** The agents of all nodes. */
export class Agents {
  readonly #addresses: readonly string[];
  readonly #key: Buffer;
  readonly #timeoutMs: number;
  readonly #links = new Map<string, AgentLink>();
  readonly #nodes = new Map<string, NodeRecord>();
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

  /** Whether any agent responds. */
  get anyConnected(): boolean {
    return [...this.#links.values()].some(({ connected }) => connected);
  }

  /** Whether an agent has reported the end of a container. */
  hasEnded(containerId: string): boolean {
    return this.#ended.has(containerId);
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
    const state = node.link.connected ? 'connected' : 'unreachable';
    return { state, version: node.version, load: node.samples?.reply.load ?? null };
  }

  /**
   * Asks the agent of a node for samples of all of its engines. Requests at the same time, and for a second after a
   * reply, share it, unless it lacks one of the engines.
   * @param ids ids of the engines that are needed
   * @returns null if it has not responded in time
   */
  async samples(nodeId: string, ids: readonly string[], signal: AbortSignal): Promise<AgentSamples | null> {
    const node = this.#nodes.get(nodeId);
    if (!node) return null;
    const hasAll = ({ samples }: AgentSamples) => ids.every((id) => samples[id] !== undefined);
    const { samples: kept } = node;
    if (kept && performance.now() - kept.atMs < SAMPLE_REUSE_MS && hasAll(kept.reply)) return kept.reply;
    const shared = node.request;
    const reply = await this.#awaitReply(shared ?? this.#request(node), signal);
    // A request that was made before an engine has started lacks it.
    if (!shared || !reply || hasAll(reply)) return reply;
    return await this.#awaitReply(node.request ?? this.#request(node), signal);
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

  #request(node: NodeRecord): Promise<AgentSamples> {
    const request = node.link.samples(AbortSignal.timeout(this.#timeoutMs)).then((reply) => {
      node.samples = { reply, atMs: performance.now() };
      return reply;
    });
    const clear = () => {
      if (node.request === request) node.request = undefined;
    };
    node.request = request;
    request.then(clear, clear);
    return request;
  }

  async #discover(): Promise<void> {
    const found = await Promise.all(this.#addresses.map(resolveAddresses));
    if (this.#closed) return;
    for (const address of found.flat()) {
      const name = `${address.host}:${address.port}`;
      if (!this.#links.has(name)) this.#links.set(name, this.#connect(address));
    }
    // A name that cannot be resolved for a while says nothing about the agents that it had.
    const names = new Set(found.flat().map(({ host, port }) => `${host}:${port}`));
    for (const [name, link] of this.#links) {
      if (link.connected || names.has(name) || found.some((addresses) => addresses.length === 0)) continue;
      link.close();
      this.#links.delete(name);
    }
    this.#timer = setTimeout(() => void this.#discover(), DISCOVERY_INTERVAL_MS);
    this.#timer.unref();
  }

  #connect(address: { host: string; port: number }): AgentLink {
    let nodeId: string | undefined;
    const link: AgentLink = new AgentLink(address, this.#key, {
      onHello: (hello) => {
        nodeId = hello.nodeId;
        this.#onHello(hello, link);
      },
      onEvent: (event) => {
        if (nodeId !== undefined) this.#onEvent(nodeId, event);
      },
      onLost: () => {
        if (nodeId === undefined || this.#nodes.get(nodeId)?.link !== link) return;
        this.#listener?.onAgentChanged(nodeId, 'unreachable');
      },
      onRefused: () =>
        this.#warn(
          `The agent at ${link.name} has another key: give the same secret to all agents and orchestrators (AGENT_KEY_FILE)`,
        ),
    });
    return link;
  }

  #onHello({ nodeId, version, containers }: AgentHello, link: AgentLink): void {
    const former = this.#nodes.get(nodeId);
    const node: NodeRecord = former ?? {
      link,
      version,
      containers: new Map(),
      samples: undefined,
      request: undefined,
    };
    node.link = link;
    node.version = version;
    this.#nodes.set(nodeId, node);
    if (containers) {
      const running = new Set(containers.map(({ containerId }) => containerId));
      for (const [containerId, { serviceId }] of [...node.containers])
        if (!running.has(containerId)) this.#end(node, serviceId, containerId);
      for (const { serviceId, containerId, paused } of containers)
        node.containers.set(containerId, { serviceId, paused });
    }
    this.#listener?.onAgentChanged(nodeId, 'connected');
  }

  #onEvent(nodeId: string, event: AgentEvent): void {
    const node = this.#nodes.get(nodeId)!;
    const { serviceId, containerId } = event;
    if (event.type === 'ended') {
      this.#end(node, serviceId, containerId, event.exitCode);
    } else {
      node.containers.set(containerId, { serviceId, paused: event.paused });
      this.#listener?.onRunning(serviceId);
    }
  }

  #end(node: NodeRecord, serviceId: string, containerId: string, exitCode?: number): void {
    node.containers.delete(containerId);
    this.#ended.add(containerId);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.values().next().value!);
    this.#listener?.onEnded(serviceId, exitCode);
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
