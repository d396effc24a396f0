import type { Clock } from '../../library/util/clock.ts';
import { type Emergency, nextEmergency } from './emergency.ts';
import type { NamedObservation, VpnObservation } from './observation.ts';
import type { VpnState } from './state.ts';
import type { Vpn } from './vpn.ts';

/** The latest observation of a VPN, as far as the engines in its network depend on it. */
export interface VpnSnapshot
  extends Pick<VpnObservation, 'containerId' | 'startedAt' | 'connected' | 'forwardedPort'> {
  /** Name of its container. */
  container: string;
  /** Whether it is down while the other VPN is connected. */
  failed: boolean;
}

/** Options of a {@link VpnFleet}. */
export interface VpnFleetOptions {
  /** The configured VPNs: none, one or two. */
  vpns: readonly Vpn[];
  /** Source of time for the duration of an emergency. */
  clock: Clock;
  /** Called when an emergency begins, when its roles change, and (not active) when it ends. */
  onEmergency: (emergency: Emergency, active: boolean) => void;
}

/**
 * All configured VPNs: their latest observations, their state, and the emergency if one of two has failed.
 */
export class VpnFleet {
  /** The configured VPNs: none, one or two. */
  readonly vpns: readonly Vpn[];
  readonly #clock: Clock;
  readonly #onEmergency: VpnFleetOptions['onEmergency'];
  readonly #latest = new Map<string, VpnObservation>();
  #emergency: Emergency | null = null;

  constructor(options: VpnFleetOptions) {
    this.vpns = options.vpns;
    this.#clock = options.clock;
    this.#onEmergency = options.onEmergency;
  }

  /** The latest recorded observations, without VPNs that have none yet. Reads only what is in memory. */
  get observations(): NamedObservation[] {
    return this.vpns.flatMap(({ name }) => {
      const observation = this.#latest.get(name);
      return observation ? [{ ...observation, name }] : [];
    });
  }

  /** The same observations, reduced to what engines depend on. */
  get snapshots(): VpnSnapshot[] {
    const failed = this.#emergency?.healthy ? this.#emergency.failed : null;
    return this.observations.map(({ name, containerId, startedAt, connected, forwardedPort }) => ({
      container: name,
      containerId,
      startedAt,
      connected,
      forwardedPort,
      failed: name === failed,
    }));
  }

  /** Records an observation of one VPN, and begins, changes or ends the emergency. */
  record(name: string, observation: VpnObservation): void {
    this.#latest.set(name, observation);
    const previous = this.#emergency;
    const current = nextEmergency(previous, this.observations, this.#clock.now());
    this.#emergency = current;
    if (current && current !== previous) this.#onEmergency(current, true);
    else if (previous && !current) this.#onEmergency(previous, false);
  }

  /**
   * Observes all VPNs now. The result includes the emergency that these observations imply, but does not
   * begin or end one: only recorded observations do, because engines are moved on them.
   * @throws RoundhouseError `runtime_unavailable` if Docker does not respond
   */
  async readState(signal: AbortSignal): Promise<VpnState> {
    const vpns = await Promise.all(
      this.vpns.map(async ({ name, observe }) => ({ ...(await observe(signal)), name })),
    );
    const now = this.#clock.now();
    const emergency = nextEmergency(this.#emergency, vpns, now);
    return {
      vpns,
      observedAt: Date.now(),
      emergency: emergency && {
        failed: emergency.failed,
        healthy: emergency.healthy,
        durationS: (now - emergency.since) / 1000,
      },
    };
  }
}
