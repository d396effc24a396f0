import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Engine, newEngine } from './engine.ts';
import type { EngineRuntime, RuntimeEngine } from './runtime.ts';

const RETRY_MS = 500;
/** Stops remembered to tell a late answer from a new start; only those during one call matter. */
const REMEMBERED_STOPS = 4096;

/**
 * The engines as the runtime has them: adopted at start, followed by its events, compared with its list on
 * every reconnection and every MONITOR_INTERVAL_S.
 *
 * An answer of the runtime may be older than an event, or than another answer, that arrived while it was
 * under way. Moments are therefore numbered, and an answer counts only where nothing is known of an engine
 * from a moment after the answer was asked for.
 */
export class EngineRegistry {
  readonly #runtime: EngineRuntime;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #monitorIntervalMs: number;
  readonly #engines = new Map<string, Engine>();
  /** From which moment that is which is known of each engine. */
  readonly #knownAsOf = new Map<string, number>();
  readonly #stoppedAt = new Map<string, number>();
  /** Engines whose stop was asked for: the runtime's event often comes before the answer to the call. */
  readonly #deleting = new Set<string>();
  /** When the list that was compared last had been asked for. */
  #comparedAsOf = 0;
  #moment = 0;
  #fault: Error | undefined = new Error('The runtime has not answered yet');
  #reconciling = false;
  #reconcileAgain = false;
  #cancelReconcile: () => void = () => {};
  #unwatch: (() => void) | undefined;
  #stopped = false;

  constructor(parts: { runtime: EngineRuntime; bus: EventBus; clock: Clock; monitorIntervalS: number }) {
    this.#runtime = parts.runtime;
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#monitorIntervalMs = parts.monitorIntervalS * 1000;
  }

  /** Begins to follow the runtime. */
  start(): void {
    this.#unwatch = this.#runtime.watch({
      onStarted: (id) => void this.#look(id),
      onStopped: (id) => this.#drop(id),
      onConnected: () => void this.#reconcile(),
      onDisconnected: (reason) => this.#disconnected(reason),
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch?.();
    this.#cancelReconcile();
  }

  /** Whether the runtime answers and its engines are known. */
  get available(): boolean {
    return this.#fault === undefined;
  }

  /** @throws RoundhouseError `runtime_unavailable` while the truth cannot be known. */
  assertAvailable(): void {
    if (this.#fault === undefined) return;
    throw new RoundhouseError('runtime_unavailable', `The ${this.#runtime.name} runtime does not answer`, {
      cause: this.#fault,
    });
  }

  /** Engines by port, whether or not the runtime answers at the moment. */
  list(): Engine[] {
    return [...this.#engines.values()].sort(
      (a, b) => a.ports.hostHttp - b.ports.hostHttp || (a.id < b.id ? -1 : 1),
    );
  }

  get(id: string): Engine | undefined {
    return this.#engines.get(id);
  }

  /** @throws RoundhouseError `engine_not_found`, or `runtime_unavailable` where that cannot be known. */
  require(id: string): Engine {
    const engine = this.#engines.get(id);
    if (engine) return engine;
    this.assertAvailable();
    throw new RoundhouseError('engine_not_found', 'No managed engine has this id');
  }

  /** Whether an engine is being deleted: nothing new should be put on it. */
  isLeaving(id: string): boolean {
    return this.#deleting.has(id);
  }

  get size(): number {
    return this.#engines.size;
  }

  /** The number of this moment. */
  mark(): number {
    return ++this.#moment;
  }

  /** Takes up an engine that has been created since `asOf`, unless it has stopped already. */
  add(created: RuntimeEngine, asOf: number): void {
    if (!this.#isOutdated(created.id, asOf)) this.#take(created, this.mark());
  }

  #take(seen: RuntimeEngine, asOf: number): void {
    this.#knownAsOf.set(seen.id, asOf);
    const now = Date.now();
    const known = this.#engines.get(seen.id);
    if (known && (known.startedAt === null || known.startedAt === seen.startedAt)) {
      const started = known.startedAt !== seen.startedAt;
      Object.assign(known, seen, { lastSeen: now });
      if (started) this.#bus.publish({ type: 'engine_started', engineId: seen.id });
      return;
    }
    this.#engines.set(seen.id, newEngine(seen, now));
    // A restart that was missed: what was known of health, identity and streams was true of the former run.
    if (known) this.#bus.publish({ type: 'engine_stopped', engineId: seen.id, reason: 'gone' });
    this.#bus.publish({ type: 'engine_started', engineId: seen.id });
  }

  /** Changes what is known of an engine besides what the runtime says. */
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
    const portChanges = (change.forwarded ?? engine.forwarded) !== engine.forwarded;
    Object.assign(engine, change);
    if (healthChanges || isIdentified) this.#tellChange(id, 'health');
    else if (portChanges) this.#tellChange(id, 'forwarded');
  }

  /**
   * Has an engine deleted by `remove`, and notes that it is gone once that has succeeded.
   * @throws whatever `remove` throws; the engine is kept then.
   */
  async delete(id: string, remove: () => Promise<void>): Promise<void> {
    this.#deleting.add(id);
    this.#tellChange(id, 'deleting');
    try {
      await remove();
      this.#drop(id);
    } finally {
      this.#deleting.delete(id);
      this.#tellChange(id, 'deleting');
    }
  }

  #tellChange(id: string, change: 'health' | 'deleting' | 'forwarded'): void {
    const engine = this.#engines.get(id);
    if (!engine) return;
    const { health, forwarded } = engine;
    const deleting = this.#deleting.has(id);
    this.#bus.publish({ type: 'engine_changed', engineId: id, change, health, deleting, forwarded });
  }

  #drop(id: string): void {
    this.#stoppedAt.delete(id);
    this.#stoppedAt.set(id, this.mark());
    if (this.#stoppedAt.size > REMEMBERED_STOPS) this.#stoppedAt.delete(this.#stoppedAt.keys().next().value!);
    this.#knownAsOf.delete(id);
    const reason = this.#deleting.has(id) ? 'deleted' : 'gone';
    if (this.#engines.delete(id)) this.#bus.publish({ type: 'engine_stopped', engineId: id, reason });
  }

  async #look(id: string): Promise<void> {
    const asOf = this.mark();
    try {
      const seen = await this.#runtime.inspect(id);
      // A list that was asked for later, and did not have it, may have been compared meanwhile.
      const unlisted = !this.#engines.has(id) && asOf < this.#comparedAsOf;
      if (unlisted || this.#isOutdated(id, asOf)) return;
      if (seen) this.#take(seen, asOf);
      else if (this.#engines.has(id)) this.#drop(id);
    } catch {
      // The next comparison finds it; asking again here would only repeat the runtime's fault.
      this.#reconcileSoon(RETRY_MS);
    }
  }

  async #reconcile(): Promise<void> {
    // A list asked for before a reconnection says nothing of what was missed until then.
    this.#reconcileAgain = this.#reconciling;
    if (this.#reconciling) return;
    this.#reconciling = true;
    this.#cancelReconcile();
    const asOf = this.mark();
    try {
      const listed = await this.#runtime.list();
      if (this.#stopped) return;
      this.#compare(listed, asOf);
      this.#connected();
      this.#reconcileSoon(this.#monitorIntervalMs);
    } catch (error) {
      this.#disconnected(error as Error);
      this.#reconcileSoon(RETRY_MS);
    } finally {
      this.#reconciling = false;
    }
    if (this.#reconcileAgain) await this.#reconcile();
  }

  #compare(listed: readonly RuntimeEngine[], asOf: number): void {
    this.#comparedAsOf = asOf;
    const ids = new Set(listed.map(({ id }) => id));
    for (const seen of listed) if (!this.#isOutdated(seen.id, asOf)) this.#take(seen, asOf);
    for (const id of [...this.#engines.keys()]) {
      if (!ids.has(id) && !this.#isOutdated(id, asOf)) this.#drop(id);
    }
  }

  /** Whether what was asked about an engine at that moment has been overtaken. */
  #isOutdated(id: string, asOf: number): boolean {
    const known = Math.max(this.#knownAsOf.get(id) ?? 0, this.#stoppedAt.get(id) ?? 0);
    return this.#stopped || known > asOf;
  }

  #reconcileSoon(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelReconcile();
    this.#cancelReconcile = this.#clock.after(delayMs, () => void this.#reconcile());
  }

  #connected(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#bus.publish({ type: 'runtime_connected' });
  }

  #disconnected(reason: Error): void {
    if (this.#fault === undefined)
      this.#bus.publish({ type: 'runtime_disconnected', reason: reason.message });
    this.#fault = reason;
  }
}
