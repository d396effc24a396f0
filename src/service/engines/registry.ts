import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Engine, newEngine } from './engine.ts';
import type { EngineRuntime, RuntimeEngine, RuntimeOutage } from './runtime.ts';

const RETRY_MS = 500;
/** Stops kept to tell a late response from a new start. Only those during one call to the runtime matter. */
const MAX_REMEMBERED_STOPS = 4096;

/**
 * The engines that the runtime has: adopted at start, updated by its events, and reconciled with its list on
 * every reconnection and every MONITOR_INTERVAL_S.
 *
 * A response of the runtime may be older than an event, or another response, that arrived while it was in
 * flight. Requests and events therefore get sequence numbers, and a response about an engine is discarded if
 * a later observation of that engine exists.
 */
export class EngineRegistry {
  readonly #runtime: EngineRuntime;
  readonly #bus: EventBus;
  readonly #monitorIntervalMs: number;
  readonly #engines = new Map<string, Engine>();
  /** Sequence number of the latest observation of each engine. */
  readonly #observedAt = new Map<string, number>();
  /** Sequence number of the latest stop of each engine, oldest first. */
  readonly #stoppedAt = new Map<string, number>();
  /** Engines being deleted: the runtime's stop event often precedes the response to the call. */
  readonly #deleting = new Set<string>();
  /** Engines being restarted. */
  readonly #restarting = new Set<string>();
  readonly #reconciliation: SerialTask;
  /** Sequence number of the latest list that was applied. */
  #listedAt = 0;
  #sequence = 0;
  #error: Error | undefined = new Error('The runtime has not responded yet');
  #unavailableSince = Date.now();
  #unwatch: (() => void) | undefined;
  #stopped = false;

  constructor(parts: { runtime: EngineRuntime; bus: EventBus; clock: Clock; monitorIntervalS: number }) {
    this.#runtime = parts.runtime;
    this.#bus = parts.bus;
    this.#monitorIntervalMs = parts.monitorIntervalS * 1000;
    this.#reconciliation = new SerialTask(() => this.#reconcile(), { clock: parts.clock });
  }

  /** Subscribes to the runtime. */
  start(): void {
    this.#unwatch = this.#runtime.watch({
      onStarted: (id) => void this.#inspect(id),
      onStopped: (id, ...cause) => this.#remove(id, ...cause),
      onNodeChanged: ({ id, name, state, availability, agent }) =>
        this.#bus.publish({ type: 'node_changed', nodeId: id, name, state, availability, agent }),
      onManagersChanged: (outage) =>
        this.#bus.publish({ type: 'managers_changed', reason: outage?.reason ?? null }),
      onConnected: () => this.#reconciliation.trigger(),
      onDisconnected: (reason) => this.#setDisconnected(reason),
    });
  }

  /** Unsubscribes from the runtime and ignores responses still in flight. */
  stop(): void {
    this.#stopped = true;
    this.#unwatch?.();
    this.#reconciliation.stop();
  }

  /** Whether the runtime responds, and so the list of engines is current. */
  get available(): boolean {
    return this.#error === undefined;
  }

  /** Why the runtime does not respond, and since when in milliseconds since the epoch; null while it responds. */
  get outage(): RuntimeOutage | null {
    return this.#error ? { since: this.#unavailableSince, reason: this.#error.message } : null;
  }

  /** @throws RoundhouseError `runtime_unavailable` while the runtime does not respond */
  assertAvailable(): void {
    if (this.#error === undefined) return;
    throw new RoundhouseError('runtime_unavailable', `The ${this.#runtime.name} runtime does not respond`, {
      cause: this.#error,
    });
  }

  /** All engines, by host port; while the runtime does not respond, as last seen. */
  list(): Engine[] {
    return [...this.#engines.values()].sort(
      (a, b) => a.ports.hostHttp - b.ports.hostHttp || (a.id < b.id ? -1 : 1),
    );
  }

  /** One engine, or undefined. */
  get(id: string): Engine | undefined {
    return this.#engines.get(id);
  }

  /** @throws RoundhouseError `engine_not_found`, or `runtime_unavailable` while the list may be out of date */
  require(id: string): Engine {
    const engine = this.#engines.get(id);
    if (engine) return engine;
    this.assertAvailable();
    throw new RoundhouseError('engine_not_found', 'No managed engine has this id');
  }

  /** Whether an engine is being deleted, so that nothing new should use it. */
  isDeleting(id: string): boolean {
    return this.#deleting.has(id);
  }

  /** Number of engines. */
  get size(): number {
    return this.#engines.size;
  }

  /** Returns the next sequence number. Take one before a request whose response is passed to {@link add}. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Adds a created engine, unless it has been observed or has stopped since `sequence`. */
  add(created: RuntimeEngine, sequence: number): void {
    if (!this.#isOutdated(created.id, sequence)) this.#upsert(created, this.nextSequence());
  }

  #upsert(reported: RuntimeEngine, sequence: number): void {
    this.#observedAt.set(reported.id, sequence);
    const now = Date.now();
    const existing = this.#engines.get(reported.id);
    if (existing && (existing.startedAt === null || existing.startedAt === reported.startedAt)) {
      const started = existing.startedAt !== reported.startedAt;
      const pausedChanges = existing.paused !== reported.paused;
      Object.assign(existing, reported, { lastSeen: now });
      if (started) this.#bus.publish({ type: 'engine_started', engineId: reported.id });
      // What was measured before says nothing about a paused engine, nor about one that has been paused.
      if (pausedChanges) Object.assign(existing, { health: 'unknown', healthSince: now });
      if (pausedChanges) this.#publishChange(reported.id, 'paused');
      return;
    }
    this.#engines.set(reported.id, newEngine(reported, now));
    // A missed restart: health, identity and streams belonged to the previous run.
    const reason = this.#restarting.has(reported.id) ? 'restarted' : 'gone';
    if (existing) this.#bus.publish({ type: 'engine_stopped', engineId: reported.id, reason });
    this.#bus.publish({ type: 'engine_started', engineId: reported.id });
  }

  /** Updates the properties of an engine that do not come from the runtime. */
  update(
    id: string,
    change: Partial<
      Pick<Engine, 'health' | 'lastHealthCheck' | 'lastStreamUsage' | 'identity' | 'forwarded'>
    >,
  ): void {
    const engine = this.#engines.get(id);
    if (!engine) return;
    const healthChanges = (change.health ?? engine.health) !== engine.health;
    const isIdentified = change.identity && !engine.identity;
    const forwardedChanges = (change.forwarded ?? engine.forwarded) !== engine.forwarded;
    Object.assign(engine, change);
    if (healthChanges) engine.healthSince = Date.now();
    if (healthChanges || isIdentified) this.#publishChange(id, 'health');
    else if (forwardedChanges) this.#publishChange(id, 'forwarded');
  }

  /**
   * Deletes an engine by calling `remove`, and drops it once that has resolved.
   * @throws what `remove` throws; the engine is kept then
   */
  async delete(id: string, remove: () => Promise<void>): Promise<void> {
    this.#deleting.add(id);
    this.#publishChange(id, 'deleting');
    try {
      await remove();
      this.#remove(id);
    } finally {
      this.#deleting.delete(id);
      this.#publishChange(id, 'deleting');
    }
  }

  /**
   * Restarts an engine by calling `restart`. The runtime reports its stop and its start, or only that it has another start.
   * @throws what `restart` throws
   */
  async restart(id: string, restart: () => Promise<RuntimeEngine>): Promise<RuntimeEngine> {
    this.#restarting.add(id);
    try {
      const engine = await restart();
      if (this.#engines.has(engine.id)) this.#upsert(engine, this.nextSequence());
      return engine;
    } finally {
      this.#restarting.delete(id);
    }
  }

  #publishChange(id: string, change: 'health' | 'deleting' | 'forwarded' | 'paused'): void {
    const engine = this.#engines.get(id);
    if (!engine) return;
    const { health, forwarded, paused } = engine;
    const deleting = this.#deleting.has(id);
    this.#bus.publish({ type: 'engine_changed', engineId: id, change, health, deleting, forwarded, paused });
  }

  #remove(id: string, exitCode?: number, outOfMemory = false, nodeLost = false): void {
    this.#stoppedAt.delete(id);
    this.#stoppedAt.set(id, this.nextSequence());
    if (this.#stoppedAt.size > MAX_REMEMBERED_STOPS)
      this.#stoppedAt.delete(this.#stoppedAt.keys().next().value!);
    this.#observedAt.delete(id);
    const reason = this.#deleting.has(id)
      ? 'deleted'
      : this.#restarting.has(id)
        ? 'restarted'
        : nodeLost
          ? 'node_lost'
          : 'gone';
    if (!this.#engines.delete(id)) return;
    const exit = {
      ...(exitCode !== undefined && { exitCode }),
      ...(outOfMemory && { outOfMemory: true as const }),
    };
    this.#bus.publish({ type: 'engine_stopped', engineId: id, reason, ...exit });
  }

  async #inspect(id: string): Promise<void> {
    const sequence = this.nextSequence();
    try {
      const reported = await this.#runtime.inspect(id);
      // A list requested later, without this engine, may have been applied meanwhile.
      const isUnlisted = !this.#engines.has(id) && sequence < this.#listedAt;
      if (isUnlisted || this.#isOutdated(id, sequence)) return;
      if (reported) this.#upsert(reported, sequence);
      else if (this.#engines.has(id)) this.#remove(id);
    } catch {
      // The next reconciliation finds the engine; inspecting it again would likely fail in the same way.
      this.#reconciliation.schedule(RETRY_MS);
    }
  }

  /**
   * Compares the engines with the runtime's list. After a reconnection it runs again, because a list
   * requested before that may miss what happened until then.
   * @returns the pause before the next run, in milliseconds
   */
  async #reconcile(): Promise<number> {
    const sequence = this.nextSequence();
    try {
      const listed = await this.#runtime.list();
      if (!this.#stopped) {
        this.#applyList(listed, sequence);
        this.#setConnected();
      }
      return this.#monitorIntervalMs;
    } catch (error) {
      this.#setDisconnected(error as Error);
      return RETRY_MS;
    }
  }

  #applyList(listed: readonly RuntimeEngine[], sequence: number): void {
    this.#listedAt = sequence;
    const ids = new Set(listed.map(({ id }) => id));
    for (const reported of listed) {
      if (!this.#isOutdated(reported.id, sequence)) this.#upsert(reported, sequence);
    }
    for (const id of [...this.#engines.keys()]) {
      if (!ids.has(id) && !this.#isOutdated(id, sequence)) this.#remove(id);
    }
  }

  /** Whether a response to a request with this sequence number has been overtaken by a later observation. */
  #isOutdated(id: string, sequence: number): boolean {
    const latest = Math.max(this.#observedAt.get(id) ?? 0, this.#stoppedAt.get(id) ?? 0);
    return this.#stopped || latest > sequence;
  }

  #setConnected(): void {
    if (this.#error === undefined) return;
    this.#error = undefined;
    this.#bus.publish({ type: 'runtime_connected' });
  }

  #setDisconnected(reason: Error): void {
    const isFirst = this.#error === undefined;
    this.#error = reason;
    if (!isFirst) return;
    this.#unavailableSince = Date.now();
    this.#bus.publish({ type: 'runtime_disconnected', reason: reason.message });
  }
}
