import type { Clock } from '../../library/util/clock.ts';
import type { VpnContainerRestarts, VpnContainerWatch } from './containers.ts';
import type { VpnFleet } from './fleet.ts';
import { VpnMonitor } from './monitor.ts';
import type { VpnObservation } from './observation.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { Vpn } from './vpn.ts';

export interface VpnWatchOptions {
  fleet: VpnFleet;
  /** Null without Docker: nothing is followed or restarted then. */
  containers: (VpnContainerWatch & VpnContainerRestarts) | null;
  /** How often each VPN is looked at, in seconds. */
  intervalS: number;
  /** How long a container is unhealthy before it is restarted, in seconds; 0: it never is. */
  restartAfterS: number;
  clock: Clock;
  /** Whether this process may restart containers. */
  mayAct: () => boolean;
  /** Told that a VPN has changed since the look before. */
  onChange: (name: string, current: VpnObservation) => void;
  /** Told of each look, after any change, once the fleet has taken it up. */
  onSeen: () => void;
  /** Told that a VPN is being restarted. */
  onRestart: (name: string) => void;
  /** Told of looks and restarts that failed; of a streak of failing looks, the first. */
  onError: (error: unknown, name: string) => void;
}

/** Watches every VPN of a fleet by itself, and restarts the container of one that stays unhealthy. */
export class VpnWatch {
  readonly #options: VpnWatchOptions;
  readonly #monitors: ReadonlyMap<string, VpnMonitor>;
  readonly #restarting = new Set<string>();
  #unfollow: (() => void)[] = [];

  constructor(options: VpnWatchOptions) {
    this.#options = options;
    this.#monitors = new Map(options.fleet.vpns.map((vpn) => [vpn.name, this.#monitor(vpn)]));
  }

  start(): void {
    const { containers } = this.#options;
    for (const [name, monitor] of this.#monitors) {
      monitor.start();
      if (containers) this.#unfollow.push(containers.follow(name, () => monitor.poke()));
    }
  }

  stop(): void {
    for (const unfollow of this.#unfollow.splice(0)) unfollow();
    for (const monitor of this.#monitors.values()) monitor.stop();
  }

  #monitor({ name, observe }: Vpn): VpnMonitor {
    const { clock, intervalS, restartAfterS, onChange, onError } = this.#options;
    const policy = new RestartPolicy(clock, restartAfterS);
    return new VpnMonitor({
      observe,
      intervalS,
      clock,
      onChange: (_previous, current) => onChange(name, current),
      onSeen: (seen) => this.#take(name, seen, policy),
      onError: (error) => onError(error, name),
    });
  }

  #take(name: string, seen: VpnObservation, policy: RestartPolicy): void {
    this.#options.fleet.note(name, seen);
    if (policy.isDue(seen) && this.#options.mayAct()) void this.#restart(name);
    this.#options.onSeen();
  }

  async #restart(name: string): Promise<void> {
    const { containers, onRestart, onError } = this.#options;
    if (!containers || this.#restarting.has(name)) return;
    this.#restarting.add(name);
    onRestart(name);
    try {
      await containers.restart(name);
    } catch (error) {
      onError(error, name);
    } finally {
      this.#restarting.delete(name);
    }
  }
}
