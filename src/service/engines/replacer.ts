import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { EventBus } from '../events/events.ts';
import type { BreakerAttempt, CircuitBreaker } from './breaker.ts';
import type { Provisioner } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';

const CHECK_INTERVAL_MS = 1000;

/** What a {@link Replacer} works with. */
export interface ReplacerParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  /** Pauses replacement after repeated failures, independently of other provisioning. */
  breaker: CircuitBreaker;
  clock: Clock;
  /** How long an engine may be unhealthy before it is replaced, in milliseconds. */
  graceMs: number;
  /** How long a new engine may take to become healthy, in milliseconds. */
  startupTimeoutMs: number;
  limits: { minReplicas: number; maxReplicas: number; minFree: number };
  /** Ids of the engines on which a stream plays. */
  usedEngines: () => ReadonlySet<string>;
  /** Whether this process may act: of several orchestrators of the same engines, only the leader does. */
  mayAct: () => boolean;
  onError: (error: unknown) => void;
}

/** The replacement in progress. */
interface Replacement {
  oldId: string;
  newId: string;
  attempt: BreakerAttempt;
  /** When the new engine must be healthy, by the clock. */
  due: number;
}

/**
 * Replaces engines that stay unhealthy past their grace period, one at a time. The old engine is removed
 * once the new one is healthy; at MAX_REPLICAS, where there is no room for both, it is removed first.
 */
export class Replacer {
  readonly #parts: ReplacerParts;
  readonly #unhealthySince = new Map<string, number>();
  readonly #task: SerialTask;
  #current: Replacement | undefined;
  #unsubscribe: () => void = () => {};

  constructor(parts: ReplacerParts) {
    this.#parts = parts;
    this.#task = new SerialTask(() => this.#run(), { clock: parts.clock });
  }

  /** Starts to watch the health of engines. */
  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe((event) => {
      if (event.type !== 'engine_changed' && event.type !== 'engine_stopped') return;
      this.#updateHealth(event.engineId);
      this.#task.trigger();
    });
  }

  /** Stops watching. A call to the provisioner in progress is not cancelled. */
  stop(): void {
    this.#unsubscribe();
    this.#task.stop();
  }

  /** Number of engines due for replacement. */
  get marked(): number {
    return this.#dueIds().length;
  }

  #updateHealth(id: string): void {
    const { registry, clock } = this.#parts;
    if (registry.get(id)?.health !== 'unhealthy') this.#unhealthySince.delete(id);
    else if (!this.#unhealthySince.has(id)) this.#unhealthySince.set(id, clock.now());
  }

  /** Ids of engines past their grace period, longest unhealthy first. */
  #dueIds(): string[] {
    const now = this.#parts.clock.now();
    return [...this.#unhealthySince]
      .filter(([, since]) => now - since >= this.#parts.graceMs)
      .sort(([, a], [, b]) => a - b)
      .map(([id]) => id);
  }

  async #run(): Promise<void> {
    try {
      if (this.#parts.registry.available) await (this.#current ? this.#follow(this.#current) : this.#begin());
    } catch (error) {
      this.#parts.onError(error);
    }
    // A failed attempt publishes events itself: they must not start the next one without a pause.
    if (this.#unhealthySince.size > 0 || this.#current) this.#task.backOff(CHECK_INTERVAL_MS);
  }

  async #begin(): Promise<void> {
    const { provisioner, breaker, clock, limits, startupTimeoutMs } = this.#parts;
    const [oldId] = this.#dueIds();
    if (oldId === undefined || !breaker.allows || !this.#parts.mayAct()) return;
    const atMaximum = provisioner.count >= limits.maxReplicas;
    if (atMaximum || this.#enoughWithout(oldId)) await provisioner.remove(oldId);
    if (!atMaximum && this.#parts.registry.get(oldId) === undefined) return;
    const attempt = breaker.begin();
    try {
      const { id: newId } = await provisioner.provision();
      this.#current = { oldId, newId, attempt, due: clock.now() + startupTimeoutMs };
    } catch (error) {
      attempt.fail((error as Error).message);
      throw error;
    }
  }

  /** Ends the replacement once the new engine is healthy, has failed or is overdue. */
  async #follow({ oldId, newId, attempt, due }: Replacement): Promise<void> {
    const { registry, provisioner, clock, mayAct } = this.#parts;
    if (!mayAct()) {
      // The new leader detects unhealthy engines itself.
      this.#current = undefined;
      attempt.abandon();
      return;
    }
    const successor = registry.get(newId);
    if (successor?.health === 'healthy') {
      this.#current = undefined;
      attempt.succeed();
      // The old engine may have recovered or stopped meanwhile.
      if (registry.get(oldId)?.health === 'unhealthy') await provisioner.remove(oldId);
    } else if (!successor || successor.health === 'unhealthy' || clock.now() >= due) {
      this.#current = undefined;
      attempt.fail(successor ? 'The new engine did not become healthy' : 'The new engine stopped');
      if (successor) await provisioner.remove(newId);
    }
  }

  /** Whether the other healthy engines suffice: the scaler may have started one already. */
  #enoughWithout(id: string): boolean {
    const { registry, limits, usedEngines } = this.#parts;
    const used = usedEngines();
    const healthy = registry.list().filter((engine) => engine.id !== id && engine.health === 'healthy');
    const free = healthy.filter((engine) => !used.has(engine.id)).length;
    return healthy.length >= limits.minReplicas && free >= limits.minFree;
  }
}
