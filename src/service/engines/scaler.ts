import type { Clock } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { type Provisioner, ProvisioningBlockedError } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';
import { decideScaling, type ScalingState } from './scaling.ts';

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

export interface ScalerParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  clock: Clock;
  limits: Pick<ScalingState, 'minReplicas' | 'maxReplicas' | 'minFree' | 'autoDelete' | 'graceMs'>;
  /** How often it decides anew where nothing happens. */
  intervalS: number;
  /** Engines on which a stream plays. */
  usedEngines: () => ReadonlySet<string>;
  /** Whether this process may act on its own: of several orchestrators over the same engines, one does. */
  mayAct: () => boolean;
  /** Whether all streams that play are known: an engine that seems idle may play another orchestrator's. */
  knowsAllStreams: () => boolean;
  onError: (error: unknown) => void;
}

/**
 * Carries out what {@link decideScaling} decides: at every event that may change the decision, and every
 * AUTOSCALE_INTERVAL_S. One step at a time, each decided from what is true then.
 *
 * Where engines fail to start, or die before they were ever healthy, the pause before the next attempt
 * doubles: an engine that cannot run must not be started a hundred times a minute.
 */
export class Scaler {
  readonly #parts: ScalerParts;
  readonly #idleSince = new Map<string, number>();
  readonly #everHealthy = new Set<string>();
  #demand: number | null = null;
  #troubles = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #working = false;
  #workAgain = false;
  #stopped = false;
  #cancelNext: () => void = () => {};
  #unsubscribe: () => void = () => {};

  constructor(parts: ScalerParts) {
    this.#parts = parts;
  }

  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe((event) => {
      this.#note(event);
      void this.#work();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#cancelNext();
  }

  /**
   * Brings the number of engines to `demand`, as near as the limits allow and no stream is cut off.
   * @returns the clamped number; the work goes on in the background.
   */
  scaleTo(demand: number): number {
    const { minReplicas, maxReplicas } = this.#parts.limits;
    const clamped = Math.min(maxReplicas, Math.max(minReplicas, demand));
    this.#demand = clamped;
    // Where nothing is to be done, this forgets the demand at once.
    void this.#work();
    return clamped;
  }

  #note(event: DomainEvent): void {
    const { clock, registry } = this.#parts;
    if (event.type === 'engine_started') {
      this.#idleSince.set(event.engineId, clock.now());
    } else if (event.type === 'stream_ended' && event.engineId !== null) {
      this.#idleSince.set(event.engineId, clock.now());
    } else if (event.type === 'engine_changed' && registry.get(event.engineId)?.health === 'healthy') {
      this.#everHealthy.add(event.engineId);
      this.#troubles = 0;
    } else if (event.type === 'engine_stopped') {
      this.#idleSince.delete(event.engineId);
      const diedYoung = !this.#everHealthy.delete(event.engineId) && event.reason === 'gone';
      if (diedYoung) this.#rest();
    }
  }

  #rest(): void {
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#troubles);
    this.#troubles += 1;
    this.#notBefore = this.#parts.clock.now() + pauseMs;
  }

  async #work(): Promise<void> {
    this.#workAgain = this.#working;
    if (this.#working || this.#stopped) return;
    this.#working = true;
    this.#cancelNext();
    try {
      while (await this.#step());
    } catch (error) {
      // Blocked means that somebody else has to act first; whatever ends the block is an event.
      if (!(error instanceof ProvisioningBlockedError)) this.#rest();
      this.#parts.onError(error);
    } finally {
      this.#working = false;
    }
    if (this.#stopped) return;
    const { clock, intervalS } = this.#parts;
    const restMs = this.#notBefore - clock.now();
    const delayMs = restMs > 0 ? Math.min(restMs, intervalS * 1000) : this.#workAgain ? 0 : intervalS * 1000;
    this.#cancelNext = clock.after(delayMs, () => void this.#work());
  }

  /** Takes one step; returns whether there may be another. */
  async #step(): Promise<boolean> {
    const { registry, provisioner, clock, mayAct } = this.#parts;
    if (this.#stopped || !registry.available) return false;
    // What somebody has asked this process for is its own to do, whoever leads.
    if (!mayAct() && this.#demand === null) return false;
    const { provision, remove } = decideScaling(this.#state());
    const [idle] = remove;
    if (provision > 0) {
      if (clock.now() < this.#notBefore) return false;
      await provisioner.provision();
      return true;
    }
    if (idle !== undefined && (this.#demand !== null || this.#parts.knowsAllStreams())) {
      await provisioner.remove(idle);
      return true;
    }
    this.#demand = null;
    return false;
  }

  #state(): ScalingState {
    const { registry, provisioner, clock, limits, usedEngines } = this.#parts;
    const used = usedEngines();
    const now = clock.now();
    const engines = registry.list().filter(({ id }) => !registry.isLeaving(id));
    return {
      ...limits,
      now,
      pending: provisioner.pending,
      demand: this.#demand,
      engines: engines.map(({ id, health, forwardedPort }) => ({
        id,
        used: used.has(id),
        idleSince: this.#idleSince.get(id) ?? now,
        healthy: health !== 'unhealthy',
        forwarded: forwardedPort !== null,
      })),
    };
  }
}
