import type { Label } from '../../../config/values.ts';
import type { ResourceSample } from '../../../engines/runtime.ts';
import { type DockerClient, hasStatus } from '../../docker/client.ts';
import { type EngineContainer, readContainer } from '../../docker/containers.ts';
import { type ContainerEvent, followEvents } from '../../docker/events.ts';
import { checkReply } from '../../docker/replies.ts';
import type { DockerSampleSource } from '../../docker/sampler.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { AgentContainer } from './protocol.ts';

/** Label that Docker gives to the containers of a Swarm's services. */
const SERVICE_ID = 'com.docker.swarm.service.id';
const RETRY_MS = 500;

/** A running container that is the task of an engine's service. */
interface NodeContainer {
  serviceId: string;
  container: EngineContainer;
}

/** The containers of engines on this node. Only reads from its Docker daemon. */
export class NodeContainers {
  readonly #client: DockerClient;
  readonly #label: Label;
  readonly #source: DockerSampleSource;
  readonly #events: EventBuffer;
  readonly #containers = new Map<string, NodeContainer>();
  /** The latest read of each container that is being read. Earlier ones may respond later with an older state. */
  readonly #reads = new Map<string, symbol>();
  #unfollow = () => {};
  #retry: NodeJS.Timeout | undefined;
  #responds = false;
  #isKnown = false;
  #stopped = false;

  /**
   * @param label marks the containers of engines
   * @param events receives the changes
   */
  constructor(client: DockerClient, label: Label, source: DockerSampleSource, events: EventBuffer) {
    this.#client = client;
    this.#label = label;
    this.#source = source;
    this.#events = events;
  }

  /** Whether the Docker daemon responds, and so the containers are current. */
  get dockerResponds(): boolean {
    return this.#responds;
  }

  /** Whether Docker has listed the containers. Before that, an empty list does not mean that there are none. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Running containers. */
  list(): AgentContainer[] {
    return [...this.#containers].map(([containerId, { serviceId, container }]) => ({
      serviceId,
      containerId,
      paused: container.engine.paused,
    }));
  }

  /** Begins to follow the containers. */
  start(): void {
    const { name, value } = this.#label;
    const filters = {
      type: ['container'],
      label: [`${name}=${value}`],
      event: ['start', 'die', 'pause', 'unpause'],
    };
    this.#unfollow = followEvents(this.#client, filters, {
      onEvent: (event) => void this.#onEvent(event),
      onConnected: () => void this.#compare(),
      onDisconnected: () => {
        this.#responds = false;
      },
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#unfollow();
  }

  /** Samples all containers. @returns samples by the id of the service */
  async sample(signal: AbortSignal): Promise<Record<string, ResourceSample>> {
    const samples: Record<string, ResourceSample> = {};
    const read = async ({ serviceId, container }: NodeContainer) => {
      // A container that cannot be read is left out. The others are not affected.
      const sample = await this.#source(container, signal).catch(() => null);
      if (sample) samples[serviceId] = sample;
    };
    await Promise.all([...this.#containers.values()].map(read));
    return samples;
  }

  async #onEvent({ action, id, exitCode }: ContainerEvent): Promise<void> {
    if (action !== 'die') return await this.#read(id).catch(() => this.#retryLater());
    this.#end(id, exitCode);
  }

  #end(id: string, exitCode?: number): void {
    this.#reads.delete(id);
    const known = this.#containers.get(id);
    if (!known) return;
    this.#containers.delete(id);
    const { serviceId } = known;
    this.#events.push({
      type: 'ended',
      serviceId,
      containerId: id,
      ...(exitCode !== undefined && { exitCode }),
    });
  }

  /** Compares the known containers with those that Docker lists. */
  async #compare(): Promise<void> {
    try {
      const filters = { label: [`${this.#label.name}=${this.#label.value}`] };
      const before = new Set(this.#containers.keys());
      const listed = await this.#client.call('list', (abortSignal) =>
        this.#client.docker.listContainers({ filters, abortSignal }),
      );
      const ids = new Set(checkReply('list', listed).map(({ Id }) => Id));
      for (const id of before) if (!ids.has(id)) this.#end(id);
      await Promise.all([...ids].map((id) => this.#read(id)));
      this.#responds = true;
      this.#isKnown = true;
    } catch {
      this.#retryLater();
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#stopped) return;
    this.#retry = setTimeout(() => void this.#compare(), RETRY_MS);
    this.#retry.unref();
  }

  /** Inspects a container, and reports it if it runs. */
  async #read(id: string): Promise<void> {
    const read = Symbol(id);
    this.#reads.set(id, read);
    try {
      const inspected = await this.#client.call('inspect', (abortSignal) =>
        this.#client.docker.getContainer(id).inspect({ abortSignal }),
      );
      const info = checkReply('engine', inspected);
      const serviceId = info.Config.Labels?.[SERVICE_ID];
      const network = { kind: 'host' } as const;
      const container = readContainer(info, this.#label, network, null, null);
      // It may have ended, or changed again, in the meantime.
      if (!container || !serviceId || this.#reads.get(id) !== read) return;
      const former = this.#containers.get(id)?.container.engine.paused;
      this.#containers.set(id, { serviceId, container });
      const { paused } = container.engine;
      if (former !== paused) this.#events.push({ type: 'running', serviceId, containerId: id, paused });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    } finally {
      if (this.#reads.get(id) === read) this.#reads.delete(id);
    }
  }
}
