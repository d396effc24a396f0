import type { Clock } from '../cache/index.ts';
import type { EventBus } from '../events/events.ts';
import type { Provisioner } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Keeps MIN_REPLICAS engines running: tops up when the runtime is there again and when an engine has
 * stopped. Where that is soon needed again, whether because provisioning fails or because engines die young,
 * the pause before the next attempt doubles: an engine that cannot run must not be started a hundred times a
 * minute.
 */
export class MinimumKeeper {
  readonly #registry: EngineRegistry;
  readonly #provisioner: Provisioner;
  readonly #clock: Clock;
  readonly #minReplicas: number;
  readonly #onError: (error: unknown) => void;
  #working = false;
  #pauseMs = 0;
  #lastAttempt = Number.NEGATIVE_INFINITY;
  #cancelNext: (() => void) | undefined;
  #unsubscribe: () => void = () => {};
  #stopped = false;

  constructor(parts: {
    registry: EngineRegistry;
    provisioner: Provisioner;
    clock: Clock;
    minReplicas: number;
    onError: (error: unknown) => void;
  }) {
    this.#registry = parts.registry;
    this.#provisioner = parts.provisioner;
    this.#clock = parts.clock;
    this.#minReplicas = parts.minReplicas;
    this.#onError = parts.onError;
  }

  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe(({ type }) => {
      if (type === 'engine_stopped' || type === 'runtime_connected') this.#consider();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#cancelNext?.();
  }

  get #lacking(): boolean {
    return !this.#stopped && this.#registry.available && this.#provisioner.count < this.#minReplicas;
  }

  /** Arranges for the next attempt, unless one is under way or arranged already. */
  #consider(): void {
    if (this.#working || this.#cancelNext || !this.#lacking) return;
    const rested = this.#clock.now() - this.#lastAttempt >= LONGEST_PAUSE_MS;
    this.#pauseMs = rested ? 0 : Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2 || FIRST_PAUSE_MS);
    this.#cancelNext = this.#clock.after(this.#pauseMs, () => {
      this.#cancelNext = undefined;
      void this.#topUp();
    });
  }

  async #topUp(): Promise<void> {
    this.#working = true;
    try {
      while (this.#lacking) await this.#provisioner.provision();
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#lastAttempt = this.#clock.now();
      this.#working = false;
      this.#consider();
    }
  }
}
