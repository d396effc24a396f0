import type { Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { Engine, EngineIdentity } from './engine.ts';
import { checkStatus, readIdentity } from './engine-client.ts';
import type { EngineRegistry } from './registry.ts';

/**
 * Interval until an engine has responded once, so that it becomes healthy without delay, and of one whose streams are in
 * trouble.
 */
const SHORT_INTERVAL_MS = 1000;
const CHECK_TIMEOUT_MS = 3000;

/** The checks of one run of an engine. */
interface Watch {
  readonly since: number;
  /** Consecutive failed checks. */
  failures: number;
  /** Whether a stream on it is in trouble, and no check has succeeded since. */
  suspect: boolean;
}

/**
 * Checks the health of each engine every HEALTH_CHECK_INTERVAL_S, independently of requests. One success makes
 * an engine healthy. `failureThreshold` consecutive failures make it unhealthy, but not before its start-up
 * time is over if it has never responded. A paused engine is not checked. An engine that is suspected is checked at
 * once, and then every second until it has responded or is unhealthy.
 */
export class HealthMonitor {
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #timing: { readonly intervalS: number };
  readonly #failureThreshold: number;
  readonly #startupTimeoutMs: number;
  readonly #checks = new Map<string, { watch: Watch; task: SerialTask }>();

  constructor(parts: {
    registry: EngineRegistry;
    clock: Clock;
    /** Pause between two checks of an engine, in seconds. */
    intervalS: number;
    failureThreshold: number;
    /** How long an engine may take to respond for the first time, in seconds. */
    startupTimeoutS: number;
  }) {
    this.#registry = parts.registry;
    this.#clock = parts.clock;
    this.#timing = parts;
    this.#failureThreshold = parts.failureThreshold;
    this.#startupTimeoutMs = parts.startupTimeoutS * 1000;
  }

  /** Starts to check an engine; call when it has started. */
  watch(id: string): void {
    this.unwatch(id);
    const watch: Watch = { since: this.#clock.now(), failures: 0, suspect: false };
    const task = new SerialTask((signal) => this.#check(id, watch, signal), { clock: this.#clock });
    this.#checks.set(id, { watch, task });
    task.schedule(0);
  }

  /** Checks an engine now, because a stream on it is in trouble. */
  suspect(id: string): void {
    const check = this.#checks.get(id);
    if (!check || check.watch.suspect) return;
    check.watch.suspect = true;
    check.task.trigger();
  }

  /** Stops checking an engine; call when it has stopped. */
  unwatch(id: string): void {
    this.#checks.get(id)?.task.stop();
    this.#checks.delete(id);
  }

  /** Stops all checks. */
  stop(): void {
    for (const id of [...this.#checks.keys()]) this.unwatch(id);
  }

  /** @returns the pause before the next check, in milliseconds */
  async #check(id: string, watch: Watch, signal: AbortSignal): Promise<number | undefined> {
    const engine = this.#registry.get(id);
    if (!engine) {
      this.unwatch(id);
      return undefined;
    }
    const identity = await this.#request(engine, signal).catch(() => null);
    // Unwatched, or watched anew, during the request.
    if (signal.aborted) return undefined;
    const lastHealthCheck = Date.now();
    watch.failures = identity ? 0 : watch.failures + 1;
    if (identity) watch.suspect = false;
    if (identity) this.#registry.update(id, { health: 'healthy', identity, lastHealthCheck });
    else this.#registry.update(id, { health: this.#afterFailure(engine, watch), lastHealthCheck });
    const { health } = this.#registry.get(id) ?? {};
    const isUrgent = health === 'unknown' || (watch.suspect && health === 'healthy');
    return isUrgent ? SHORT_INTERVAL_MS : this.#timing.intervalS * 1000;
  }

  /** @throws Error if the engine does not confirm within the timeout that it works */
  #request(engine: Engine, outer: AbortSignal): Promise<EngineIdentity> {
    const address = { host: engine.host, port: engine.ports.hostHttp };
    const subject = `The engine ${engine.name}`;
    const deadline = { clock: this.#clock, timeoutMs: CHECK_TIMEOUT_MS, subject, signal: outer };
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
