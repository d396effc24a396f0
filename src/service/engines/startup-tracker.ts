import type { DomainEvent, EventBus } from '../events/events.ts';
import type { BreakerAttempt } from './breaker.ts';
import type { EngineRegistry } from './registry.ts';

/**
 * Ends the breaker attempt of each started engine by its outcome: becoming healthy is a success; stopping
 * before that, or becoming unhealthy, is a failure. That the runtime accepted the start is not enough: a
 * runtime accepts engines that exit a second later.
 */
export class StartupTracker {
  readonly #registry: EngineRegistry;
  readonly #attempts = new Map<string, BreakerAttempt>();

  constructor(registry: EngineRegistry, bus: EventBus) {
    this.#registry = registry;
    bus.subscribe((event) => this.#onEvent(event));
  }

  /** Tracks an engine that has been added to the registry. */
  track(id: string, attempt: BreakerAttempt): void {
    this.#attempts.set(id, attempt);
    const engine = this.#registry.get(id);
    // It may have stopped before the runtime's response to its start arrived.
    if (!engine) this.#end(id, 'fail', 'The engine exited right after its start');
    else this.#checkHealth(id);
  }

  #onEvent(event: DomainEvent): void {
    if (event.type === 'engine_changed') this.#checkHealth(event.engineId);
    // Neither a deletion nor a failure of the runtime itself says whether engines can start.
    else if (event.type === 'engine_stopped') {
      const exit = event.exitCode === undefined ? '' : ` with code ${event.exitCode}`;
      const outcome = event.reason === 'gone' ? 'fail' : 'abandon';
      this.#end(event.engineId, outcome, `The engine exited${exit} before it was healthy`);
    } else if (event.type === 'runtime_disconnected')
      for (const id of [...this.#attempts.keys()]) this.#end(id, 'abandon');
  }

  #checkHealth(id: string): void {
    const health = this.#registry.get(id)?.health;
    if (health === 'healthy') this.#end(id, 'succeed');
    else if (health === 'unhealthy')
      this.#end(id, 'fail', 'The engine did not respond within STARTUP_TIMEOUT_S');
  }

  #end(id: string, outcome: keyof BreakerAttempt, reason = ''): void {
    const attempt = this.#attempts.get(id);
    this.#attempts.delete(id);
    attempt?.[outcome](reason);
  }
}
