import type { EventBus } from '../events/events.ts';
import type { Provisioner } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';

/**
 * Keeps MIN_REPLICAS engines running: tops up whenever the runtime has been compared or an engine has
 * stopped. One attempt at a time; what fails is tried again at the next occasion or after a pause.
 */
export class MinimumKeeper {
  readonly #registry: EngineRegistry;
  readonly #provisioner: Provisioner;
  readonly #minReplicas: number;
  readonly #onError: (error: unknown) => void;
  readonly #pause: (resume: () => void) => () => void;
  #working = false;
  #cancelPause: () => void = () => {};
  #unsubscribe: () => void = () => {};

  constructor(parts: {
    registry: EngineRegistry;
    provisioner: Provisioner;
    minReplicas: number;
    /** Arranges for `resume` to be called after a pause; returns what cancels that. */
    pause: (resume: () => void) => () => void;
    onError: (error: unknown) => void;
  }) {
    this.#registry = parts.registry;
    this.#provisioner = parts.provisioner;
    this.#minReplicas = parts.minReplicas;
    this.#pause = parts.pause;
    this.#onError = parts.onError;
  }

  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe(({ type }) => {
      if (type === 'engine_stopped' || type === 'runtime_connected') void this.#topUp();
    });
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancelPause();
  }

  async #topUp(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    this.#cancelPause();
    try {
      while (this.#registry.available && this.#provisioner.count < this.#minReplicas) {
        await this.#provisioner.provision();
      }
    } catch (error) {
      this.#onError(error);
      this.#cancelPause = this.#pause(() => void this.#topUp());
    } finally {
      this.#working = false;
    }
  }
}
