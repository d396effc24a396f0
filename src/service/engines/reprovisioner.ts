import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Provisioner, ProvisioningBlockedError } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';

/** What a {@link Reprovisioner} works with. */
export interface ReprovisionerParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  bus: EventBus;
  clock: Clock;
  /** Whether no stream plays on an engine. */
  isIdle: (id: string) => boolean;
  /** How long a new engine may take to become healthy, in milliseconds. */
  startupTimeoutMs: number;
}

/** The state of the latest replacement of all engines. */
export interface ReprovisionState {
  status: 'idle' | 'in_progress' | 'success' | 'error';
  message: string | null;
  /** When the state last changed, in milliseconds since the epoch; null before the first replacement. */
  changedAt: number | null;
  total: number;
  stopped: number;
  provisioned: number;
  currentEngineId: string | null;
  phase: 'preparing' | 'stopping' | 'provisioning' | 'complete' | 'error' | null;
}

/**
 * Replaces all engines, so that changed settings apply to them: idle ones first, one at a time, and those that play
 * when their streams have ended. An engine is removed once its successor is healthy, or before it where MAX_REPLICAS
 * leaves no room for both. If a successor does not work, the rest is kept.
 */
export class Reprovisioner {
  readonly #parts: ReprovisionerParts;
  readonly #stopping = new AbortController();
  #state: ReprovisionState = {
    status: 'idle',
    message: null,
    changedAt: null,
    total: 0,
    stopped: 0,
    provisioned: 0,
    currentEngineId: null,
    phase: null,
  };

  constructor(parts: ReprovisionerParts) {
    this.#parts = parts;
  }

  /** The state of the latest replacement. */
  get state(): ReprovisionState {
    return { ...this.#state };
  }

  /**
   * Begins to replace all engines.
   * @returns their number
   * @throws RoundhouseError `reprovisioning` while a replacement is in progress, or `runtime_unavailable`
   */
  start(): number {
    if (this.#state.status === 'in_progress')
      throw new RoundhouseError('reprovisioning', 'All engines are being replaced already');
    this.#parts.registry.assertAvailable();
    const ids = new Set(this.#parts.registry.list().map(({ id }) => id));
    this.#update({
      status: 'in_progress',
      message: null,
      total: ids.size,
      stopped: 0,
      provisioned: 0,
      currentEngineId: null,
      phase: 'preparing',
    });
    void this.#run(ids);
    return ids.size;
  }

  /** Ends the replacement in progress after its current step. */
  stop(): void {
    this.#stopping.abort();
  }

  async #run(ids: Set<string>): Promise<void> {
    const { total } = this.#state;
    try {
      while (ids.size > 0) {
        const id = await this.#nextIdle(ids);
        if (id === null) break;
        await this.#replace(id);
        ids.delete(id);
      }
      const message = `Replaced ${this.#state.stopped} of ${total} engines`;
      this.#update({ status: 'success', message, phase: 'complete', currentEngineId: null });
    } catch (error) {
      this.#update({
        status: 'error',
        message: (error as Error).message,
        phase: 'error',
        currentEngineId: null,
      });
    }
  }

  /** Waits until one of these engines is idle. @returns null if none of them exists any more */
  async #nextIdle(ids: Set<string>): Promise<string | null> {
    const { registry, isIdle } = this.#parts;
    const remaining = () => {
      this.#assertRunning();
      for (const id of ids) if (!registry.get(id)) ids.delete(id);
      return [...ids];
    };
    await this.#until(() => remaining().length === 0 || remaining().some(isIdle));
    return remaining().find(isIdle) ?? null;
  }

  async #replace(id: string): Promise<void> {
    const { provisioner, registry, isIdle } = this.#parts;
    this.#update({ currentEngineId: id, phase: 'provisioning' });
    let successor: string | null = null;
    try {
      successor = (await provisioner.provision()).id;
    } catch (error) {
      const isFull = error instanceof ProvisioningBlockedError && error.blocked.code === 'max_capacity';
      if (!isFull) throw error;
    }
    if (successor !== null) {
      await this.#untilHealthy(successor);
      this.#update({ provisioned: this.#state.provisioned + 1 });
    }
    // A stream may have started on it meanwhile.
    await this.#until(() => !registry.get(id) || isIdle(id));
    this.#update({ phase: 'stopping' });
    if (registry.get(id)) await provisioner.remove(id);
    this.#update({ stopped: this.#state.stopped + 1 });
    if (successor === null) await this.#provisionInPlace();
  }

  /** There was no room for a second engine. The scaler may have started the successor already. */
  async #provisionInPlace(): Promise<void> {
    this.#update({ phase: 'provisioning' });
    try {
      const { id } = await this.#parts.provisioner.provision();
      await this.#untilHealthy(id);
    } catch (error) {
      if (!(error instanceof ProvisioningBlockedError && error.blocked.code === 'max_capacity')) throw error;
    }
    this.#update({ provisioned: this.#state.provisioned + 1 });
  }

  async #untilHealthy(id: string): Promise<void> {
    const { registry, startupTimeoutMs } = this.#parts;
    const health = () => registry.get(id)?.health;
    await this.#until(() => health() !== 'unknown', startupTimeoutMs);
    if (health() !== 'healthy')
      throw new Error('An engine with the new settings does not work: the remaining engines were kept');
  }

  /** Resolves when a condition holds, which is checked at each event, or after `timeoutMs`. */
  async #until(holds: () => boolean, timeoutMs?: number): Promise<void> {
    const { bus, clock } = this.#parts;
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const unsubscribe = bus.subscribe(() => {
      if (this.#stopping.signal.aborted || holds()) resolve();
    });
    this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, resolve);
    await promise;
    unsubscribe();
    cancel();
    this.#assertRunning();
  }

  #assertRunning(): void {
    if (this.#stopping.signal.aborted) throw new Error('The service is stopping');
  }

  #update(change: Partial<ReprovisionState>): void {
    this.#state = { ...this.#state, ...change, changedAt: Date.now() };
  }
}
