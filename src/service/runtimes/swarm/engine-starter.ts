import { setTimeout as delay } from 'node:timers/promises';
import type { EngineSpec, RuntimeEngine } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { hasStatus } from '../docker/client.ts';
import { imageOf } from '../docker/create.ts';
import { instanceOf } from '../docker/labels.ts';
import type { SwarmEngineOptions } from './options.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';
import { isAlive, isManaged, latestTasks } from './service-engine.ts';
import { serviceSpec } from './service-spec.ts';
import { assertPlace, taskError, toServiceError, unplacedError } from './starting.ts';
import type { SwarmApi } from './swarm-api.ts';
import type { SwarmView } from './swarm-view.ts';

/** Minimum timeout of a creation: a Swarm rarely needs less. */
const MIN_CREATE_TIMEOUT_MS = 1000;
/** The former container is given time to stop first. */
const RESTART_TIMEOUT_MS = 20_000;
/** A node starts a container within a few tenths of a second. */
const TASK_POLL_MS = 50;
/** Failed starts whose services may still appear. */
const MAX_ABANDONED = 1000;

/** Starts engines as services. */
export class EngineStarter {
  readonly #api: SwarmApi;
  readonly #view: SwarmView;
  readonly #options: SwarmEngineOptions;
  readonly #lostNodes: ReadonlySet<string>;
  /** Names of the services that are being created, and ids of those that are being restarted. */
  readonly #starting = new Set<string>();
  /** Names of services whose start has failed. */
  readonly #abandoned = new Set<string>();

  /** @param lostNodes ids of nodes that Swarm would still choose, because it detects the loss of a node late */
  constructor(api: SwarmApi, view: SwarmView, options: SwarmEngineOptions, lostNodes: ReadonlySet<string>) {
    this.#api = api;
    this.#view = view;
    this.#options = options;
    this.#lostNodes = lostNodes;
  }

  /** Whether a service is being created or restarted here. */
  isStarting({ ID, Spec }: ServiceInfo): boolean {
    return this.#starting.has(Spec.Name) || this.#starting.has(ID);
  }

  /**
   * Whether the start of a service has failed here. A manager that is slow or has lost its leader may create it after the
   * call has timed out and its removal has found nothing. Its port may then be that of another engine.
   */
  isAbandoned({ Spec }: ServiceInfo): boolean {
    return this.#abandoned.has(Spec.Name) && instanceOf(Spec.Labels ?? {}) === this.#options.instance;
  }

  /** As `EngineRuntime.create`. */
  async start(spec: EngineSpec, maxWaitMs: number): Promise<RuntimeEngine> {
    const returnBy = performance.now() + maxWaitMs;
    this.#starting.add(spec.name);
    this.#abandoned.delete(spec.name);
    try {
      await this.#createService(spec, Math.max(MIN_CREATE_TIMEOUT_MS, maxWaitMs));
      await this.#assertPlace(spec.name);
      return await this.#waitForStart(spec, returnBy);
    } catch (error) {
      // The name is that of another service, which must not be removed.
      if (hasStatus((error as Error).cause, 409)) throw error;
      this.#abandon(spec.name);
      await this.#api.remove(spec.name, MIN_CREATE_TIMEOUT_MS).catch(() => {});
      throw error;
    } finally {
      this.#starting.delete(spec.name);
    }
  }

  /** As `EngineRuntime.restart`. The engine may start on another node. */
  async restart(id: string): Promise<RuntimeEngine> {
    const dueMs = performance.now() + RESTART_TIMEOUT_MS;
    this.#starting.add(id);
    try {
      const known = this.#view.engine(id);
      const [former] = await this.#tasksOf(id);
      if (!(await this.#api.replaceTask(id, RESTART_TIMEOUT_MS)))
        throw new RoundhouseError('engine_not_found', 'No managed engine has this id');
      for (;;) {
        const [task] = await this.#tasksOf(id);
        const isNew = task !== undefined && task.ID !== former?.ID;
        if (isNew && !isAlive(task))
          throw taskError(task, known?.image ?? 'of the engine', known?.ports.hostHttp ?? 0);
        await this.#view.ensureNode(task?.NodeID);
        const service = isNew ? await this.#api.service(id) : null;
        const engine = service && this.#view.toEngine(service, task);
        if (engine && engine.startedAt !== null) return engine;
        if (performance.now() >= dueMs) throw unplacedError(task);
        await delay(TASK_POLL_MS);
      }
    } finally {
      this.#starting.delete(id);
    }
  }

  #abandon(name: string): void {
    this.#abandoned.add(name);
    if (this.#abandoned.size > MAX_ABANDONED) this.#abandoned.delete(this.#abandoned.values().next().value!);
  }

  async #tasksOf(id: string): Promise<TaskInfo[]> {
    return [...latestTasks(await this.#api.tasks({ service: [id] })).values()];
  }

  async #createService(spec: EngineSpec, timeoutMs: number): Promise<void> {
    try {
      const service = serviceSpec(spec, this.#options, this.#lostNodes);
      await this.#api.create({ ...service, Name: spec.name }, timeoutMs);
    } catch (error) {
      throw toServiceError(error);
    }
  }

  async #assertPlace(name: string): Promise<void> {
    const { label, maxEngines } = this.#options;
    const [services, tasks] = await Promise.all([
      this.#api.services(),
      this.#api.tasks({ label: [`${label.name}=${label.value}`] }),
    ]);
    const own = services.find(({ Spec }) => Spec.Name === name);
    if (!own) return;
    const latest = latestTasks(tasks);
    const isEngine = (service: ServiceInfo) => {
      const task = latest.get(service.ID);
      return isManaged(service, label) && (task === undefined || this.#view.isRunning(task));
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
      await this.#view.ensureNode(task?.NodeID);
      const engine = service && this.#view.toEngine(service, task);
      if (engine && engine.startedAt !== null) return engine;
      if (performance.now() >= returnBy) {
        if (engine) return engine;
        throw unplacedError(task);
      }
      await delay(TASK_POLL_MS);
    }
  }
}
