import {
  DEFAULT_CREATE_WAIT_MS,
  type EngineRuntime,
  type EngineSpec,
  type LogOptions,
  type ResourceSample,
  type RuntimeEngine,
  type RuntimeListener,
} from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';
import { type EngineContainer, readContainer } from './containers.ts';
import { createOptions, type JoinedVpn } from './create.ts';
import { findContainerId, findVpnOf } from './engine-vpn.ts';
import { type ContainerEvent, followEvents } from './events.ts';
import { readContainerLogs } from './logs.ts';
import { hostOf } from './network.ts';
import type { DockerEngineOptions } from './options.ts';
import type { DockerSampleSource } from './sampler.ts';
import { startContainer, toCreateError } from './starting.ts';

/** A container that is not made yet cannot be answered for as starting: Docker gets this long beyond the answer's time. */
const CREATE_GRACE_MS = 500;
/** Less than this Docker needs for no container. */
const MIN_CREATE_MS = 1000;
/** An engine has nothing to save: it is given little time to end by itself. */
const STOP_GRACE_S = 2;
const REMOVE_DEADLINE_MS = 20_000;

/** Runs engines as containers that bear CONTAINER_LABEL; reads and touches no other. */
export class DockerRuntime implements EngineRuntime {
  readonly name = 'docker';
  readonly isShared = true;
  readonly #client: DockerClient;
  readonly #options: DockerEngineOptions;
  readonly #source: DockerSampleSource;
  /** What is known of running containers; forgotten when one stops or events may have been missed. */
  readonly #known = new Map<string, EngineContainer>();
  /** Engines whose start Docker has not confirmed yet. */
  readonly #starting = new Map<string, RuntimeEngine>();
  #listener: RuntimeListener | undefined;

  constructor(client: DockerClient, options: DockerEngineOptions, source: DockerSampleSource) {
    this.#client = client;
    this.#options = options;
    this.#source = source;
  }

  get variant(): string {
    return this.#options.variant;
  }

  get mapsPorts(): boolean {
    return this.#options.network.kind === 'published';
  }

  async list(): Promise<RuntimeEngine[]> {
    const filters = { label: [labelFilter(this.#options)], status: ['running'] };
    const running = await this.#client.call('list', (abortSignal) =>
      this.#client.docker.listContainers({ filters, abortSignal }),
    );
    const found = await Promise.all(running.map(({ Id }) => this.#know(Id)));
    const engines = found.flatMap((container) => (container ? [container.engine] : []));
    for (const [id, engine] of this.#starting)
      if (!engines.some((known) => known.id === id)) engines.push(engine);
    return engines;
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    this.#known.delete(id);
    return (await this.#know(id))?.engine ?? this.#starting.get(id) ?? null;
  }

  async create(spec: EngineSpec, maxWaitMs: number = DEFAULT_CREATE_WAIT_MS): Promise<RuntimeEngine> {
    const answerBy = performance.now() + maxWaitMs;
    const vpn = await this.#findVpn(spec);
    const id = await this.#createContainer(spec, vpn, answerBy);
    const starting = this.#describeStarting(id, spec, vpn);
    this.#starting.set(id, starting);
    try {
      const seen = await startContainer(this.#client, id, answerBy, {
        look: () => this.inspect(id),
        onFailed: () => void this.#giveUp(id),
      });
      return seen ?? starting;
    } catch (error) {
      this.#starting.delete(id);
      await this.#forceRemove(id).catch(() => {});
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    this.#starting.delete(id);
    const container = this.#client.docker.getContainer(id);
    try {
      await this.#client.call('stop', (abortSignal) => container.stop({ t: STOP_GRACE_S, abortSignal }), {
        timeoutMs: REMOVE_DEADLINE_MS,
      });
    } catch (error) {
      // 304: it had stopped already; 404: it is gone. Either way nothing is left to stop.
      if (!hasStatus(error, 304, 404)) throw error;
    }
    await this.#forceRemove(id);
  }

  async sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const samples = new Map<string, ResourceSample>();
    const read = async (id: string) => {
      const container = await this.#know(id);
      const sample = container && (await this.#source(container, signal));
      if (sample) samples.set(id, sample);
    };
    const outcomes = await Promise.allSettled(ids.map(read));
    // Docker's silence is not the absence of an engine: a sum over the rest would look real and be wrong.
    const unavailable = outcomes.find(({ status }) => status === 'rejected') as
      | PromiseRejectedResult
      | undefined;
    if (unavailable && !hasStatus(unavailable.reason, 404, 409)) throw unavailable.reason;
    return samples;
  }

  async logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    const container = await this.#know(id);
    if (container) return readContainerLogs(this.#client, id, container.hasTerminal, options);
    return this.#starting.has(id) ? nothing() : null;
  }

  watch(listener: RuntimeListener): () => void {
    this.#listener = listener;
    const filters = {
      type: ['container'],
      label: [labelFilter(this.#options)],
      event: ['start', 'die', 'destroy', 'rename', 'update'],
    };
    return followEvents(this.#client, filters, {
      onEvent: (event) => this.#onEvent(event, listener),
      onConnected: () => {
        this.#known.clear();
        listener.onConnected();
      },
      onDisconnected: (reason) => listener.onDisconnected(reason),
    });
  }

  /** Engines outlive the service: a restart of Roundhouse ends no stream. */
  async close(): Promise<void> {}

  #onEvent({ action, id }: ContainerEvent, listener: RuntimeListener): void {
    this.#known.delete(id);
    if (action === 'die' || action === 'destroy') {
      this.#starting.delete(id);
      listener.onStopped(id);
    } else {
      listener.onStarted(id);
    }
  }

  async #createContainer(spec: EngineSpec, vpn: JoinedVpn | undefined, answerBy: number): Promise<string> {
    const leftMs = answerBy + CREATE_GRACE_MS - performance.now();
    try {
      const options = createOptions({ ...spec, ...vpn }, this.#options);
      const container = await this.#client.call(
        'create',
        (abortSignal) => this.#client.docker.createContainer({ ...options, abortSignal }),
        { timeoutMs: Math.max(MIN_CREATE_MS, leftMs) },
      );
      return container.id;
    } catch (error) {
      // Docker may still carry out a call that we no longer wait for.
      if (error instanceof RoundhouseError) void this.#forceRemove(spec.name).catch(() => {});
      throw toCreateError(error);
    }
  }

  async #findVpn({ vpnContainer: wished }: EngineSpec): Promise<JoinedVpn | undefined> {
    const { network } = this.#options;
    if (network.kind !== 'vpn') return undefined;
    const vpnContainer = wished ?? network.containers[0];
    const vpnContainerId = await findContainerId(this.#client, vpnContainer);
    if (vpnContainerId !== null) return { vpnContainer, vpnContainerId };
    throw new RoundhouseError('provisioning_failed', `There is no VPN container ${vpnContainer}`);
  }

  /** What is known of a running container, asked for once. */
  async #know(id: string): Promise<EngineContainer | null> {
    const known = this.#known.get(id);
    if (known) return known;
    const { label, network, engineHost } = this.#options;
    try {
      const info = await this.#client.call('inspect', (abortSignal) =>
        this.#client.docker.getContainer(id).inspect({ abortSignal }),
      );
      const vpnContainer = await findVpnOf(info, this.#client, network);
      const container = readContainer(info, label, network, engineHost, vpnContainer);
      if (!container) return null;
      this.#starting.delete(id);
      this.#known.set(id, container);
      return container;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  async #giveUp(id: string): Promise<void> {
    this.#starting.delete(id);
    await this.#forceRemove(id).catch(() => {});
    this.#listener?.onStopped(id);
  }

  /** Removes a container, or waits for its automatic removal if that is under way already. */
  async #forceRemove(idOrName: string): Promise<void> {
    const container = this.#client.docker.getContainer(idOrName);
    const deadline = { timeoutMs: REMOVE_DEADLINE_MS };
    try {
      await this.#client.call(
        'remove',
        (abortSignal) => container.remove({ force: true, v: true, abortSignal }),
        deadline,
      );
    } catch (error) {
      if (hasStatus(error, 404)) return;
      if (!hasStatus(error, 409)) throw error;
      await this.#client
        .call('wait', (abortSignal) => container.wait({ condition: 'removed', abortSignal }), deadline)
        .catch((late) => {
          if (!hasStatus(late, 404)) throw late;
        });
    }
  }

  #describeStarting(id: string, spec: EngineSpec, vpn: JoinedVpn | undefined): RuntimeEngine {
    const { network, engineHost, variant } = this.#options;
    const { name, ports, labels, forwardedPort = null } = spec;
    const { vpnContainer, vpnContainerId } = vpn ?? { vpnContainer: null, vpnContainerId: null };
    return {
      id,
      name,
      host: hostOf(network, engineHost, { name, vpnContainer }),
      ports,
      labels,
      vpnContainer,
      vpnContainerId,
      forwardedPort,
      variant,
      startedAt: null,
    };
  }
}

/** What an engine has written whose program does not run yet. */
async function* nothing() {}

function labelFilter({ label }: DockerEngineOptions): string {
  return `${label.name}=${label.value}`;
}
