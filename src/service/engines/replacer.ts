import type { Clock } from '../../library/cache/index.ts';
import type { EventBus } from '../events/events.ts';
import type { BreakerAttempt, CircuitBreaker } from './breaker.ts';
import type { Provisioner } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';

const LOOK_EVERY_MS = 1000;

export interface ReplacerParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  /** Pauses replacement after repeated failures, apart from other provisioning. */
  breaker: CircuitBreaker;
  clock: Clock;
  /** How long an engine is unhealthy before it is replaced. */
  graceMs: number;
  /** How long a new engine may take until it is healthy. */
  startupTimeoutMs: number;
  limits: { minReplicas: number; maxReplicas: number; minFree: number };
  usedEngines: () => ReadonlySet<string>;
  /** Whether this process may act on its own: of several orchestrators over the same engines, one does. */
  mayAct: () => boolean;
  onError: (error: unknown) => void;
}

/** The replacement under way. */
interface Replacement {
  oldId: string;
  newId: string;
  attempt: BreakerAttempt;
  /** When the new engine must be healthy. */
  due: number;
}

/**
 * Replaces engines that stay unhealthy past their grace, one at a time: a new engine is healthy before the old
 * one goes. At MAX_REPLICAS there is no room for both, and the old one goes first.
 */
export class Replacer {
  readonly #parts: ReplacerParts;
  readonly #unhealthySince = new Map<string, number>();
  #current: Replacement | undefined;
  #working = false;
  #stopped = false;
  #cancelNext: () => void = () => {};
  #unsubscribe: () => void = () => {};

  constructor(parts: ReplacerParts) {
    this.#parts = parts;
  }

  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe((event) => {
      if (event.type !== 'engine_changed' && event.type !== 'engine_stopped') return;
      this.#note(event.engineId);
      void this.#work();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#cancelNext();
  }

  /** Engines that are to be replaced. */
  get marked(): number {
    return this.#dueIds().length;
  }

  #note(id: string): void {
    const { registry, clock } = this.#parts;
    if (registry.get(id)?.health !== 'unhealthy') this.#unhealthySince.delete(id);
    else if (!this.#unhealthySince.has(id)) this.#unhealthySince.set(id, clock.now());
  }

  /** Engines past their grace, longest unhealthy first. */
  #dueIds(): string[] {
    const now = this.#parts.clock.now();
    return [...this.#unhealthySince]
      .filter(([, since]) => now - since >= this.#parts.graceMs)
      .sort(([, a], [, b]) => a - b)
      .map(([id]) => id);
  }

  async #work(): Promise<void> {
    if (this.#working || this.#stopped) return;
    this.#working = true;
    this.#cancelNext();
    try {
      if (this.#parts.registry.available) await (this.#current ? this.#follow(this.#current) : this.#begin());
    } catch (error) {
      this.#parts.onError(error);
    } finally {
      this.#working = false;
    }
    if (this.#stopped || (this.#unhealthySince.size === 0 && !this.#current)) return;
    this.#cancelNext = this.#parts.clock.after(LOOK_EVERY_MS, () => void this.#work());
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
      attempt.fail();
      throw error;
    }
  }

  /** Ends the replacement once the new engine is healthy, or will not be. */
  async #follow({ oldId, newId, attempt, due }: Replacement): Promise<void> {
    const { registry, provisioner, clock, mayAct } = this.#parts;
    if (!mayAct()) {
      // Whoever leads now sees what is unhealthy by itself.
      this.#current = undefined;
      attempt.abandon();
      return;
    }
    const successor = registry.get(newId);
    if (successor?.health === 'healthy') {
      this.#current = undefined;
      attempt.succeed();
      // It may have recovered, or have gone by itself.
      if (registry.get(oldId)?.health === 'unhealthy') await provisioner.remove(oldId);
    } else if (!successor || successor.health === 'unhealthy' || clock.now() >= due) {
      this.#current = undefined;
      attempt.fail();
      if (successor) await provisioner.remove(newId);
    }
  }

  /** Whether the engines that are healthy suffice: the scaler may have made one already. */
  #enoughWithout(id: string): boolean {
    const { registry, limits, usedEngines } = this.#parts;
    const used = usedEngines();
    const healthy = registry.list().filter((engine) => engine.id !== id && engine.health === 'healthy');
    const free = healthy.filter((engine) => !used.has(engine.id)).length;
    return healthy.length >= limits.minReplicas && free >= limits.minFree;
  }
}
