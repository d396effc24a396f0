import type { Clock } from '../../library/util/clock.ts';
import type { VpnObservation } from './observation.ts';

/**
 * Says when a VPN's container is to be restarted: when it has run and been unhealthy for the whole of
 * `afterS`, and then again each time that it stays so for as long. A stopped container is left alone:
 * somebody may have stopped it.
 */
export class RestartPolicy {
  readonly #clock: Clock;
  readonly #afterMs: number;
  #unhealthySince: number | undefined;

  /** @param afterS seconds; 0 restarts nothing. */
  constructor(clock: Clock, afterS: number) {
    this.#clock = clock;
    this.#afterMs = afterS * 1000;
  }

  /** Takes a look at the VPN into account; true where it is to be restarted now. */
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
