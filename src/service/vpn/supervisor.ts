import type { Clock } from '../../library/util/clock.ts';
import type { VpnContainerEvents, VpnContainerRestarts } from './containers.ts';
import type { VpnFleet } from './fleet.ts';
import { VpnMonitor } from './monitor.ts';
import type { VpnObservation } from './observation.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { Vpn } from './vpn.ts';

/** Options of a {@link VpnSupervisor}. */
export interface VpnSupervisorOptions {
  /** The VPNs to check. Observations are recorded in it. */
  fleet: VpnFleet;
  /** Null without Docker: then there are no container events and no restarts. */
  containers: (VpnContainerEvents & VpnContainerRestarts) | null;
  /** How often each VPN is checked, in seconds. */
  intervalS: number;
  /** How long a container must be unhealthy before it is restarted, in seconds. 0 disables restarts. */
  restartAfterS: number;
  /** Source of time. */
  clock: Clock;
  /** Whether this process may restart containers. */
  mayAct: () => boolean;
  /** Called when an observation of a VPN differs from the previous one. */
  onChange: (name: string, current: VpnObservation) => void;
  /**
   * Called after every successful check, after `onChange` and after the fleet has recorded the observation.
   */
  onObservation: () => void;
  /** Called before a VPN's container is restarted. */
  onRestart: (name: string) => void;
  /** Called when a restart fails, and on the first of several consecutive failed checks of a VPN. */
  onError: (error: unknown, name: string) => void;
}

/** Checks every VPN of a fleet independently, and restarts the container of one that stays unhealthy. */
export class VpnSupervisor {
  readonly #options: VpnSupervisorOptions;
  readonly #monitors: ReadonlyMap<string, VpnMonitor>;
  readonly #restarting = new Set<string>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: VpnSupervisorOptions) {
    this.#options = options;
    this.#monitors = new Map(options.fleet.vpns.map((vpn) => [vpn.name, this.#createMonitor(vpn)]));
  }

  /** Checks every VPN now, then at the interval and on each event of its container. */
  start(): void {
    const { containers } = this.#options;
    for (const [name, monitor] of this.#monitors) {
      monitor.start();
      if (containers) this.#unsubscribe.push(containers.follow(name, () => monitor.check()));
    }
  }

  /** Ends all checks. */
  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    for (const monitor of this.#monitors.values()) monitor.stop();
  }

  #createMonitor({ name, observe }: Vpn): VpnMonitor {
    const { clock, intervalS, restartAfterS, onChange, onError } = this.#options;
    const policy = new RestartPolicy(clock, restartAfterS);
    return new VpnMonitor({
      observe,
      intervalS,
      clock,
      onChange: (_previous, current) => onChange(name, current),
      onObservation: (observation) => this.#onObservation(name, observation, policy),
      onError: (error) => onError(error, name),
    });
  }

  #onObservation(name: string, observation: VpnObservation, policy: RestartPolicy): void {
    this.#options.fleet.record(name, observation);
    if (policy.isDue(observation) && this.#options.mayAct()) void this.#restart(name);
    this.#options.onObservation();
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
