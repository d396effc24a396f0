import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerInfo } from 'dockerode';
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
import { assertPortsFree } from '../port-check.ts';
import { type DockerClient, hasStatus } from './client.ts';
import { type EngineContainer, readContainer } from './containers.ts';
import { createOptions, type JoinedVpn } from './create.ts';
import { findVpnOf, findVpnToJoin } from './engine-vpn.ts';
import { type ContainerEvent, followEvents } from './events.ts';
import { readContainerLogs } from './logs.ts';
import type { DockerEngineOptions } from './options.ts';
import { forceRemove, STOP_GRACE_S, STOP_TIMEOUT_MS, stopAndRemove } from './removing.ts';
import { checkReply } from './replies.ts';
import type { DockerSampleSource } from './sampler.ts';
import { compareWithSiblings, findLeftovers } from './siblings.ts';
import { describeStarting, START_TIMEOUT_MS, startContainer, toCreateError } from './starting.ts';

/** A container that does not exist yet cannot be reported as starting, so its creation may exceed the wait by this. */
const CREATE_GRACE_MS = 500;
/** Minimum timeout of a creation: Docker rarely needs less. */
const MIN_CREATE_TIMEOUT_MS = 1000;
/** States of containers that are engines. A paused one goes on as before when it is resumed. */
const RUNNING = new Set(['running', 'paused']);
/** A container whose main process survives may end later for another reason. */
const OUT_OF_MEMORY_MS = 10_000;
/** Other orchestrators remove or start their new containers within a few of Docker's responses. */
const COMPARE_INTERVAL_MS = 25;

/** Runs engines as Docker containers with CONTAINER_LABEL, and reads or changes no other containers. */
export class DockerRuntime implements EngineRuntime {
  readonly name = 'docker';
  readonly isShared = true;
  readonly settleMs = 1000;
  readonly #client: DockerClient;
  readonly #options: DockerEngineOptions;
  readonly #source: DockerSampleSource;
  /** Inspected running containers. An entry is dropped when the container changes or events may have been missed. */
  readonly #inspected = new Map<string, EngineContainer>();
  /** Names of the containers that are being created. */
  readonly #creating = new Set<string>();
  /**
   * Ids of the containers that this process has created and not given up. A list in which one of them is not started
   * may be older than its start.
   */
  readonly #created = new Set<string>();
  /** When containers that nobody starts were first listed, by id. */
  readonly #unstartedSince = new Map<string, number>();
  /** Engines whose start Docker has not confirmed. */
  readonly #starting = new Map<string, RuntimeEngine>();
  #listener: RuntimeListener | undefined;
  /** When a process of each container was killed because of its memory limit. */
  readonly #outOfMemory = new Map<string, number>();

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
    // Those that are started during the request may be missing from the list.
    const starting = [...this.#starting.keys()];
    const listed = await this.#listContainers();
    // The event of their end may have been lost.
    for (const id of starting) if (!listed.some(({ Id }) => Id === id)) this.#starting.delete(id);
    this.#removeLeftovers(listed.filter(({ State }) => State === 'created'));
    const running = listed.filter(({ State }) => RUNNING.has(State));
    const found = await Promise.all(running.map(({ Id }) => this.#getContainer(Id)));
    const engines = found.flatMap((container) => (container ? [container.engine] : []));
    for (const [id, engine] of this.#starting)
      if (!engines.some((other) => other.id === id)) engines.push(engine);
    return engines;
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    this.#inspected.delete(id);
    return (await this.#getContainer(id))?.engine ?? this.#starting.get(id) ?? null;
  }

  async create(spec: EngineSpec, maxWaitMs: number = DEFAULT_CREATE_WAIT_MS): Promise<RuntimeEngine> {
    const returnBy = performance.now() + maxWaitMs;
    if (this.#options.network.kind === 'host' && this.#options.isLocal)
      await assertPortsFree([spec.ports.hostHttp, spec.ports.containerHttps], undefined);
    this.#creating.add(spec.name);
    try {
      return await this.#createAndStart(spec, returnBy);
    } finally {
      this.#creating.delete(spec.name);
    }
  }

  async #createAndStart(spec: EngineSpec, returnBy: number): Promise<RuntimeEngine> {
    const vpn = await findVpnToJoin(spec.vpnContainer, this.#client, this.#options.network);
    const id = await this.#createContainer(spec, vpn, returnBy);
    const starting = describeStarting(id, spec, vpn, this.#options);
    this.#created.add(id);
    this.#starting.set(id, starting);
    try {
      await this.#waitForPlace(id, returnBy);
      const started = await startContainer(this.#client, id, returnBy, {
        inspect: () => this.inspect(id),
        onFailed: () => void this.#onStartFailed(id),
      });
      return started ?? starting;
    } catch (error) {
      this.#starting.delete(id);
      this.#created.delete(id);
      // The client waits: a daemon that hangs must not delay the error. The list finds a container that remains.
      const removal = forceRemove(this.#client, id).catch(() => {});
      await Promise.race([
        removal,
        delay(Math.max(0, returnBy - performance.now()), undefined, { ref: false }),
      ]);
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    this.#starting.delete(id);
    await stopAndRemove(this.#client, id);
  }

  async restart(id: string): Promise<RuntimeEngine> {
    const container = this.#client.docker.getContainer(id);
    await this.#client
      .call('restart', (abortSignal) => container.restart({ t: STOP_GRACE_S, abortSignal }), {
        timeoutMs: STOP_TIMEOUT_MS,
      })
      .catch((error) => {
        if (hasStatus(error, 404)) throw notFound(error);
        throw error instanceof RoundhouseError ? error : toCreateError(error);
      });
    const engine = await this.inspect(id);
    if (engine) return engine;
    throw new RoundhouseError('provisioning_failed', 'The engine exited right after its restart');
  }

  async sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const samples = new Map<string, ResourceSample>();
    const read = async (id: string) => {
      const container = await this.#getContainer(id);
      const sample = container && (await this.#source(container, signal));
      if (sample) samples.set(id, sample);
    };
    const outcomes = await Promise.allSettled(ids.map(read));
    // Unlike a missing container, a missing response is an error: totals without that engine would be wrong.
    const unavailable = outcomes.find(({ status }) => status === 'rejected') as
      | PromiseRejectedResult
      | undefined;
    if (unavailable && !hasStatus(unavailable.reason, 404, 409)) throw unavailable.reason;
    return samples;
  }

  async logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    const container = await this.#getContainer(id);
    if (container) return readContainerLogs(this.#client, id, container.hasTerminal, options);
    return this.#starting.has(id) ? emptyLog() : null;
  }

  watch(listener: RuntimeListener): () => void {
    this.#listener = listener;
    const filters = {
      type: ['container'],
      label: [labelFilter(this.#options)],
      event: ['start', 'oom', 'die', 'destroy', 'pause', 'unpause', 'rename', 'update'],
    };
    return followEvents(this.#client, filters, {
      onEvent: (event) => this.#onEvent(event, listener),
      onConnected: () => {
        this.#inspected.clear();
        listener.onConnected();
      },
      onDisconnected: (reason) => listener.onDisconnected(reason),
    });
  }

  /** Does nothing: engines keep running, so that a restart of Roundhouse interrupts no stream. */
  async close(): Promise<void> {}

  #onEvent({ action, id, exitCode }: ContainerEvent, listener: RuntimeListener): void {
    this.#inspected.delete(id);
    if (action === 'oom') {
      this.#outOfMemory.set(id, performance.now());
    } else if (action === 'die' || action === 'destroy') {
      this.#starting.delete(id);
      this.#created.delete(id);
      listener.onStopped(id, exitCode, this.#endedByMemoryLimit(id));
    } else {
      listener.onStarted(id);
    }
  }

  /** Whether the kernel has killed a process of the container right before its end. */
  #endedByMemoryLimit(id: string): boolean {
    const killedAt = this.#outOfMemory.get(id);
    this.#outOfMemory.delete(id);
    return killedAt !== undefined && performance.now() - killedAt < OUT_OF_MEMORY_MS;
  }

  /** Lists the managed containers in any state, newest first. */
  async #listContainers(): Promise<ContainerInfo[]> {
    const filters = { label: [labelFilter(this.#options)] };
    const listed = await this.#client.call('list', (abortSignal) =>
      this.#client.docker.listContainers({ all: true, filters, abortSignal }),
    );
    return checkReply('list', listed);
  }

  /** Waits until no container of another orchestrator can take the port or the place of a container not yet started. */
  async #waitForPlace(id: string, returnBy: number): Promise<void> {
    const { label, maxEngines } = this.#options;
    for (;;) {
      const conflict = compareWithSiblings(await this.#listContainers(), id, label, maxEngines);
      if (!conflict) return;
      if (performance.now() >= returnBy) throw conflict;
      await delay(COMPARE_INTERVAL_MS);
    }
  }

  /** Removes containers that were created and never started. One that cannot be removed is found again. */
  #removeLeftovers(created: readonly ContainerInfo[]): void {
    const isStarting = (nameOrId: string) => this.#creating.has(nameOrId) || this.#created.has(nameOrId);
    const seen = { firstSeen: this.#unstartedSince, now: performance.now(), maxStartMs: START_TIMEOUT_MS };
    for (const id of findLeftovers(created, this.#options.instance, isStarting, seen))
      void forceRemove(this.#client, id).catch(() => {});
  }

  async #createContainer(spec: EngineSpec, vpn: JoinedVpn | undefined, returnBy: number): Promise<string> {
    const remainingMs = returnBy + CREATE_GRACE_MS - performance.now();
    try {
      const options = createOptions({ ...spec, ...vpn }, this.#options);
      const container = await this.#client.call(
        'create',
        (abortSignal) => this.#client.docker.createContainer({ ...options, abortSignal }),
        { timeoutMs: Math.max(MIN_CREATE_TIMEOUT_MS, remainingMs) },
      );
      if (typeof container.id === 'string' && container.id !== '') return container.id;
      throw new RoundhouseError('runtime_unavailable', 'Docker sent no id of the container that it created');
    } catch (error) {
      // Docker may still complete a call that has timed out here.
      if (error instanceof RoundhouseError) void forceRemove(this.#client, spec.name).catch(() => {});
      throw toCreateError(error);
    }
  }

  /** Returns a running container, inspected at most once; null if it does not run or is not managed. */
  async #getContainer(id: string): Promise<EngineContainer | null> {
    const inspected = this.#inspected.get(id);
    if (inspected) return inspected;
    const { label, network, engineHost } = this.#options;
    try {
      const inspected = await this.#client.call('inspect', (abortSignal) =>
        this.#client.docker.getContainer(id).inspect({ abortSignal }),
      );
      const info = checkReply('engine', inspected);
      const vpnContainer = await findVpnOf(info, this.#client, network);
      const container = readContainer(info, label, network, engineHost, vpnContainer);
      if (!container) return null;
      this.#starting.delete(id);
      this.#inspected.set(id, container);
      return container;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  async #onStartFailed(id: string): Promise<void> {
    this.#starting.delete(id);
    this.#created.delete(id);
    await forceRemove(this.#client, id).catch(() => {});
    this.#listener?.onStopped(id);
  }
}

function notFound(cause: unknown): RoundhouseError {
  return new RoundhouseError('engine_not_found', 'No managed engine has this id', { cause });
}

/** The log of an engine whose program does not run yet. */
async function* emptyLog() {}

function labelFilter({ label }: DockerEngineOptions): string {
  return `${label.name}=${label.value}`;
}
