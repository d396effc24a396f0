import type { DomainEvent, EventBus } from '../events/events.ts';
import type { BreakerAttempt } from './breaker.ts';
import type { EngineRegistry } from './registry.ts';

/**
 * Ends the attempts of engines that were started by what becomes of them: an engine that gets healthy is a
 * success, one that dies before, or is found unhealthy, a failure. A runtime that accepts every start proves
 * nothing of engines that end a second later.
 */
export class Probation {
  readonly #registry: EngineRegistry;
  readonly #attempts = new Map<string, BreakerAttempt>();

  constructor(registry: EngineRegistry, bus: EventBus) {
    this.#registry = registry;
    bus.subscribe((event) => this.#note(event));
  }

  /** Takes up an engine that the registry has been told of. */
  begin(id: string, attempt: BreakerAttempt): void {
    this.#attempts.set(id, attempt);
    const engine = this.#registry.get(id);
    // It may have been quicker than the answer of the runtime that it has been started.
    if (!engine) this.#end(id, 'fail');
    else this.#judge(id);
  }

  #note(event: DomainEvent): void {
    if (event.type === 'engine_changed') this.#judge(event.engineId);
    // Deleted on purpose, it tells nothing; nor does what happens while the runtime itself is in trouble.
    else if (event.type === 'engine_stopped')
      this.#end(event.engineId, event.reason === 'gone' ? 'fail' : 'abandon');
    else if (event.type === 'runtime_disconnected')
      for (const id of [...this.#attempts.keys()]) this.#end(id, 'abandon');
  }

  #judge(id: string): void {
    const health = this.#registry.get(id)?.health;
    if (health === 'healthy') this.#end(id, 'succeed');
    else if (health === 'unhealthy') this.#end(id, 'fail');
  }

  #end(id: string, how: keyof BreakerAttempt): void {
    const attempt = this.#attempts.get(id);
    this.#attempts.delete(id);
    attempt?.[how]();
  }
}
