import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { type Provisioner, ProvisioningBlockedError } from './provisioner.ts';
import type { EngineRegistry } from './registry.ts';
import { decideScaling, type ScalingState } from './scaling.ts';

const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;

/** What a {@link Scaler} works with. */
export interface ScalerParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  clock: Clock;
  limits: Pick<ScalingState, 'minReplicas' | 'maxReplicas' | 'minFree' | 'autoDelete' | 'graceMs'>;
  /** Interval between decisions when no event triggers one, in seconds. */
  intervalS: number;
  /** Ids of the engines on which a stream plays. */
  usedEngines: () => ReadonlySet<string>;
  /** Whether this process may act: of several orchestrators of the same engines, only the leader does. */
  mayAct: () => boolean;
  /** Whether all playing streams are known: an engine that seems idle may play another orchestrator's stream. */
  hasAllStreams: () => boolean;
  onError: (error: unknown) => void;
}

/**
 * Applies {@link decideScaling} on every event that may change the decision, and every AUTOSCALE_INTERVAL_S.
 * It takes one step at a time, each based on the state at that moment.
 *
 * If engines fail to start, or stop before they were ever healthy, the pause before the next start doubles,
 * so that an engine that cannot run is not started a hundred times a minute.
 */
export class Scaler {
  readonly #parts: ScalerParts;
  readonly #idleSince = new Map<string, number>();
  readonly #everHealthy = new Set<string>();
  readonly #task: SerialTask;
  #demand: number | null = null;
  /** Consecutive failed starts. */
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #unsubscribe: () => void = () => {};

  constructor(parts: ScalerParts) {
    this.#parts = parts;
    this.#task = new SerialTask(
      async (signal) => {
        await this.#run(signal);
        return parts.intervalS * 1000;
      },
      { clock: parts.clock },
    );
  }

  /** Starts to react to events. The first event triggers the first decision. */
  start(bus: EventBus): void {
    this.#unsubscribe = bus.subscribe((event) => {
      this.#onEvent(event);
      this.#task.trigger();
    });
  }

  /** Stops scaling. A call to the provisioner in progress is not cancelled. */
  stop(): void {
    this.#unsubscribe();
    this.#task.stop();
  }

  /**
   * Brings the number of engines to `demand`, within the limits and without interrupting a stream.
   * @returns `demand` clamped to the limits; the scaling itself continues in the background
   */
  scaleTo(demand: number): number {
    const { minReplicas, maxReplicas } = this.#parts.limits;
    const clamped = Math.min(maxReplicas, Math.max(minReplicas, demand));
    this.#demand = clamped;
    // If there is nothing to do, this run clears the demand at once.
    this.#task.trigger();
    return clamped;
  }

  /** Decides again, without waiting for an event or the interval. */
  reevaluate(): void {
    this.#task.trigger();
  }

  #onEvent(event: DomainEvent): void {
    const { clock, registry } = this.#parts;
    if (event.type === 'engine_started') {
      this.#idleSince.set(event.engineId, clock.now());
    } else if (event.type === 'stream_ended' && event.engineId !== null) {
      this.#idleSince.set(event.engineId, clock.now());
    } else if (event.type === 'engine_changed' && registry.get(event.engineId)?.health === 'healthy') {
      this.#everHealthy.add(event.engineId);
      this.#failures = 0;
    } else if (event.type === 'engine_stopped') {
      this.#idleSince.delete(event.engineId);
      const neverWorked = !this.#everHealthy.delete(event.engineId) && event.reason === 'gone';
      if (neverWorked) this.#backOff();
    }
  }

  #backOff(): void {
    const pauseMs = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#notBefore = this.#parts.clock.now() + pauseMs;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && (await this.#step()));
    } catch (error) {
      // When provisioning is blocked, no backoff is needed: the end of the block is an event.
      if (!(error instanceof ProvisioningBlockedError)) this.#backOff();
      this.#parts.onError(error);
    }
    const { clock, intervalS } = this.#parts;
    const backoffMs = this.#notBefore - clock.now();
    if (backoffMs > 0) this.#task.backOff(Math.min(backoffMs, intervalS * 1000));
  }

  /** Starts or removes one engine. @returns whether to decide again */
  async #step(): Promise<boolean> {
    const { registry, provisioner, clock, mayAct } = this.#parts;
    if (!registry.available) return false;
    // An explicit demand is carried out by the process that received it, leader or not.
    if (!mayAct() && this.#demand === null) return false;
    const { provision, remove } = decideScaling(this.#state());
    const [idle] = remove;
    if (provision > 0) {
      if (clock.now() < this.#notBefore) return false;
      await provisioner.provision();
      return true;
    }
    if (idle !== undefined && (this.#demand !== null || this.#parts.hasAllStreams())) {
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
    const engines = registry.list().filter(({ id }) => !registry.isDeleting(id));
    return {
      ...limits,
      now,
      pending: provisioner.pending,
      demand: this.#demand,
      engines: engines.map(({ id, health, paused, forwardedPort }) => ({
        id,
        used: used.has(id),
        idleSince: this.#idleSince.get(id) ?? now,
        healthy: health !== 'unhealthy' && !paused,
        forwarded: forwardedPort !== null,
      })),
    };
  }
}
