import type { Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import type { Engine, EngineIdentity } from './engine.ts';
import { checkStatus, readIdentity } from './engine-client.ts';
import type { EngineRegistry } from './registry.ts';

/** An engine that has not answered yet is asked this often, so that it counts as healthy soon. */
const STARTING_INTERVAL_MS = 1000;
const DEADLINE_MS = 3000;

/** The watch over one run of an engine. */
interface Watch {
  readonly since: number;
  /** Failed checks in a row. */
  failures: number;
  cancelNext: () => void;
}

/**
 * Asks each engine how it is, every HEALTH_CHECK_INTERVAL_S, side by side and never on a request's path.
 * One success makes it healthy; so many failures in a row make it unhealthy, and before its first success
 * only once its start-up time is over.
 */
export class HealthMonitor {
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #failureThreshold: number;
  readonly #startupTimeoutMs: number;
  readonly #watches = new Map<string, Watch>();

  constructor(parts: {
    registry: EngineRegistry;
    clock: Clock;
    intervalS: number;
    failureThreshold: number;
    startupTimeoutS: number;
  }) {
    this.#registry = parts.registry;
    this.#clock = parts.clock;
    this.#intervalMs = parts.intervalS * 1000;
    this.#failureThreshold = parts.failureThreshold;
    this.#startupTimeoutMs = parts.startupTimeoutS * 1000;
  }

  /** Begins to watch an engine; call when it has started. */
  follow(id: string): void {
    this.forget(id);
    const watch: Watch = { since: this.#clock.now(), failures: 0, cancelNext: () => {} };
    this.#watches.set(id, watch);
    this.#checkAfter(0, id, watch);
  }

  /** Ends the watch over an engine; call when it has stopped. */
  forget(id: string): void {
    this.#watches.get(id)?.cancelNext();
    this.#watches.delete(id);
  }

  stop(): void {
    for (const id of [...this.#watches.keys()]) this.forget(id);
  }

  #checkAfter(delayMs: number, id: string, watch: Watch): void {
    watch.cancelNext = this.#clock.after(delayMs, () => void this.#check(id, watch));
  }

  async #check(id: string, watch: Watch): Promise<void> {
    const engine = this.#registry.get(id);
    if (!engine) return this.forget(id);
    const identity = await this.#ask(engine).catch(() => null);
    // It may have been forgotten, or followed anew, while it was being asked.
    if (this.#watches.get(id) !== watch) return;
    const lastHealthCheck = Date.now();
    watch.failures = identity ? 0 : watch.failures + 1;
    if (identity) this.#registry.update(id, { health: 'healthy', identity, lastHealthCheck });
    else this.#registry.update(id, { health: this.#afterFailure(engine, watch), lastHealthCheck });
    const delayMs = this.#registry.get(id)?.health === 'unknown' ? STARTING_INTERVAL_MS : this.#intervalMs;
    this.#checkAfter(delayMs, id, watch);
  }

  /** @throws Error if the engine does not answer in time that it works. */
  #ask(engine: Engine): Promise<EngineIdentity> {
    const address = { host: engine.host, port: engine.ports.hostHttp };
    const deadline = { clock: this.#clock, timeoutMs: DEADLINE_MS, who: `The engine ${engine.name}` };
    return withinDeadline(deadline, async (signal) => {
      const identity = engine.identity ?? (await readIdentity(address, signal));
      await checkStatus(address, signal);
      return identity;
    });
  }

  #afterFailure(engine: Engine, watch: Watch): Engine['health'] {
    const starting = engine.health === 'unknown' && this.#clock.now() - watch.since < this.#startupTimeoutMs;
    return watch.failures >= this.#failureThreshold && !starting ? 'unhealthy' : engine.health;
  }
}
