import type { Clock } from '../cache/index.ts';
import type { Engine } from './engine.ts';
import { checkStatus, readIdentity } from './engine-client.ts';
import type { EngineRegistry } from './registry.ts';

/** An engine that has not answered yet is asked this often, so that it counts as healthy soon. */
const STARTING_INTERVAL_MS = 1000;

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
  readonly #failures = new Map<string, number>();
  readonly #cancels = new Map<string, () => void>();

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
    this.#cancels.get(id)?.();
    this.#cancels.set(
      id,
      this.#clock.after(0, () => void this.#check(id)),
    );
  }

  /** Ends the watch over an engine; call when it has stopped. */
  forget(id: string): void {
    this.#cancels.get(id)?.();
    this.#cancels.delete(id);
    this.#failures.delete(id);
  }

  stop(): void {
    for (const id of [...this.#cancels.keys()]) this.forget(id);
  }

  async #check(id: string): Promise<void> {
    const engine = this.#registry.get(id);
    if (!engine) return this.forget(id);
    try {
      const address = { host: engine.host, port: engine.ports.hostHttp };
      const identity = engine.identity ?? (await readIdentity(address));
      await checkStatus(address);
      this.#failures.delete(id);
      this.#registry.update(id, { health: 'healthy', identity, lastHealthCheck: Date.now() });
    } catch {
      this.#noteFailure(engine);
    }
    // It may have been forgotten, or followed anew, while it was being asked.
    if (this.#cancels.has(id)) {
      const delay = this.#registry.get(id)?.health === 'unknown' ? STARTING_INTERVAL_MS : this.#intervalMs;
      this.#cancels.set(
        id,
        this.#clock.after(delay, () => void this.#check(id)),
      );
    }
  }

  #noteFailure(engine: Engine): void {
    const failures = (this.#failures.get(engine.id) ?? 0) + 1;
    this.#failures.set(engine.id, failures);
    const starting = engine.health === 'unknown' && Date.now() - engine.firstSeen < this.#startupTimeoutMs;
    const health = failures >= this.#failureThreshold && !starting ? 'unhealthy' : engine.health;
    this.#registry.update(engine.id, { health, lastHealthCheck: Date.now() });
  }
}
