import type { Clock } from '../../library/util/clock.ts';
import type { VpnObservation } from './observation.ts';

/**
 * Decides when to restart a VPN's container: once it has been running and unhealthy for `afterS` without
 * interruption, and again after each further `afterS`. A stopped container is never restarted: an operator
 * may have stopped it.
 */
export class RestartPolicy {
  readonly #clock: Clock;
  readonly #afterMs: number;
  #unhealthySince: number | undefined;

  /** @param afterS seconds; 0 disables restarts */
  constructor(clock: Clock, afterS: number) {
    this.#clock = clock;
    this.#afterMs = afterS * 1000;
  }

  /** Takes an observation into account. @returns whether to restart the container now */
  isDue({ state, health }: Pick<VpnObservation, 'state' | 'health'>): boolean {
    if (this.#afterMs === 0) return false;
    const now = this.#clock.now();
    if (state !== 'running' || health !== 'unhealthy') {
      this.#unhealthySince = undefined;
      return false;
    }
    this.#unhealthySince ??= now;
    if (now - this.#unhealthySince < this.#afterMs) return false;
    this.#unhealthySince = now;
    return true;
  }
}
