import { setTimeout as delay } from 'node:timers/promises';
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
import { imageOf } from '../docker/create.ts';
import type { ContainerEvent } from '../docker/events.ts';
import { openLogs, readLogs } from '../docker/logs.ts';
import { Leftovers } from './leftovers.ts';
import type { Managers } from './managers.ts';
import type { SwarmNode } from './nodes.ts';
import type { SwarmEngineOptions } from './options.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';
import { isAlive, isManaged, latestTasks, readServiceEngine } from './service-engine.ts';
import { serviceSpec } from './service-spec.ts';
import { assertPlace, taskError, toServiceError, unplacedError } from './starting.ts';
import { SwarmApi } from './swarm-api.ts';

const REMOVE_TIMEOUT_MS = 20_000;
/** Minimum timeout of a creation: a Swarm rarely needs less. */
const MIN_CREATE_TIMEOUT_MS = 1000;
/** A node starts a container within a few tenths of a second. */
const TASK_POLL_MS = 50;

/** Runs each engine as a service of a Docker Swarm, and reads or changes no other services. */
export class SwarmRuntime implements EngineRuntime {
  readonly name = 'swarm';
  readonly isShared = true;
  readonly mapsPorts = true;
  readonly settleMs = 1500;
  readonly #managers: Managers;
  readonly #api: SwarmApi;
  readonly #options: SwarmEngineOptions;
  readonly #leftovers: Leftovers;
  /** Names of the services that are being created. */
  readonly #creating = new Set<string>();
  #nodes = new Map<string, SwarmNode>();

  constructor(managers: Managers, options: SwarmEngineOptions) {
    this.#managers = managers;
    this.#options = options;
    this.#api = new SwarmApi(managers);
    this.#leftovers = new Leftovers(options.instance);
  }

  get variant(): string {
    return this.#options.variant;
  }

  async list(): Promise<RuntimeEngine[]> {
    const label = this.#labelFilter;
    const [services, tasks, nodes] = await Promise.all([
      this.#api.services(label),
      this.#api.tasks({ label: [label] }),
      this.#api.nodes(),
    ]);
    this.#nodes = nodes;
    const latest = latestTasks(tasks);
    this.#removeLeftovers(services, latest);
    const engines = services.map((service) => this.#toEngine(service, latest.get(service.ID)));
    return engines.filter((engine) => engine !== null);
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    const [service, tasks] = await Promise.all([this.#api.service(id), this.#api.tasks({ service: [id] })]);
    const task = latestTasks(tasks).get(id);
    if (!service || !task) return null;
    if (task.NodeID && !this.#nodes.has(task.NodeID)) this.#nodes = await this.#api.nodes();
    return this.#toEngine(service, task);
  }

  async create(spec: EngineSpec, maxWaitMs: number = DEFAULT_CREATE_WAIT_MS): Promise<RuntimeEngine> {
    const returnBy = performance.now() + maxWaitMs;
    this.#creating.add(spec.name);
    try {
      await this.#createService(spec, Math.max(MIN_CREATE_TIMEOUT_MS, maxWaitMs));
      await this.#assertPlace(spec.name);
      return await this.#waitForStart(spec, returnBy);
    } catch (error) {
      // A service that remains is found by the next list.
      await this.#api.remove(spec.name, MIN_CREATE_TIMEOUT_MS).catch(() => {});
      throw error;
    } finally {
      this.#creating.delete(spec.name);
    }
  }

  async remove(id: string): Promise<void> {
    await this.#api.remove(id, REMOVE_TIMEOUT_MS);
  }

  async sample(_ids: readonly string[], _signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    throw new RoundhouseError(
      'stats_unavailable',
      'Resource usage in a Swarm needs an agent on each node: deploy the agents, and set SWARM_AGENTS',
    );
  }

  async logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    const { signal } = options;
    const open = () =>
      this.#managers.call(
        'logs',
        (docker, abortSignal) => openLogs(docker, `/services/${id}`, options, abortSignal),
        { signal },
      );
    return readLogs(open, false, signal);
  }

  watch(listener: RuntimeListener): () => void {
    return this.#managers.follow(
      { type: ['service', 'node'], scope: ['swarm'] },
      {
        onEvent: (event) => this.#onEvent(event, listener),
        onConnected: () => listener.onConnected(),
        onDisconnected: (reason) => listener.onDisconnected(reason),
      },
    );
  }

  /** Does nothing: engines keep running, so that a restart of Roundhouse interrupts no stream. */
  async close(): Promise<void> {}

  get #labelFilter(): string {
    const { name, value } = this.#options.label;
    return `${name}=${value}`;
  }

  /** Tasks have no events of their own at the managers. */
  #onEvent({ type, action, id }: ContainerEvent, listener: RuntimeListener): void {
    if (type === 'node') listener.onConnected();
    else if (action === 'remove') listener.onStopped(id);
    else listener.onStarted(id);
  }

  /** @returns null for a service that is not managed, or whose engine has ended or has no node yet */
  #toEngine(service: ServiceInfo, task: TaskInfo | undefined): RuntimeEngine | null {
    const { label, engineHost } = this.#options;
    if (!task || !isManaged(service, label) || !this.#isRunning(task)) return null;
    const node = this.#nodes.get(task.NodeID ?? '');
    return node ? readServiceEngine(service, task, node, { managed: label, engineHost }) : null;
  }

  /** Whether an engine runs or is starting. */
  #isRunning(task: TaskInfo): boolean {
    return isAlive(task) && this.#nodes.get(task.NodeID ?? '')?.state !== 'down';
  }

  async #createService(spec: EngineSpec, timeoutMs: number): Promise<void> {
    try {
      await this.#api.create({ ...serviceSpec(spec, this.#options), Name: spec.name }, timeoutMs);
    } catch (error) {
      throw toServiceError(error);
    }
  }

  async #assertPlace(name: string): Promise<void> {
    const { label, maxEngines } = this.#options;
    const [services, tasks] = await Promise.all([
      this.#api.services(),
      this.#api.tasks({ label: [this.#labelFilter] }),
    ]);
    const own = services.find(({ Spec }) => Spec.Name === name);
    if (!own) return;
    const latest = latestTasks(tasks);
    const isEngine = (service: ServiceInfo) => {
      const task = latest.get(service.ID);
      return isManaged(service, label) && (task === undefined || this.#isRunning(task));
    };
    assertPlace(own, services, isEngine, maxEngines);
  }

  /** Waits until the engine runs or, at `returnBy`, at least has a node that prepares it. */
  async #waitForStart(spec: EngineSpec, returnBy: number): Promise<RuntimeEngine> {
    for (;;) {
      const service = await this.#api.service(spec.name);
      const tasks = service ? await this.#api.tasks({ service: [service.ID] }) : [];
      const task = service ? latestTasks(tasks).get(service.ID) : undefined;
      if (task && !isAlive(task))
        throw taskError(task, imageOf(this.#options, spec.custom), spec.ports.hostHttp);
      if (task?.NodeID && !this.#nodes.has(task.NodeID)) this.#nodes = await this.#api.nodes();
      const engine = service && this.#toEngine(service, task);
      if (engine && engine.startedAt !== null) return engine;
      if (performance.now() >= returnBy) {
        if (engine) return engine;
        throw unplacedError(task);
      }
      await delay(TASK_POLL_MS);
    }
  }

  /** Removes services whose engine has ended or never got a node. One that cannot be removed is found again. */
  #removeLeftovers(services: readonly ServiceInfo[], latest: ReadonlyMap<string, TaskInfo>): void {
    const managed = services.filter((service) => isManaged(service, this.#options.label));
    const isCreating = ({ Spec }: ServiceInfo) => this.#creating.has(Spec.Name);
    for (const id of this.#leftovers.find(managed, latest, isCreating, performance.now()))
      void this.#api.remove(id, REMOVE_TIMEOUT_MS).catch(() => {});
  }
}
