import type { Clock } from '../../library/util/clock.ts';
import { type Emergency, type NamedObservation, nextEmergency } from './emergency.ts';
import type { VpnObservation } from './observation.ts';
import { toStatus, type VpnStatus } from './status.ts';
import type { Vpn } from './vpn.ts';

/** What those who use a VPN's network need to know of it, as it was last seen. */
export interface VpnSnapshot
  extends Pick<VpnObservation, 'containerId' | 'startedAt' | 'connected' | 'forwardedPort'> {
  /** Name of its container. */
  container: string;
  /** Whether it is down while another VPN is there to take its place. */
  failed: boolean;
}

/** None, one or two VPNs: their status as one answer, and whether there is an emergency among two. */
export class VpnFleet {
  readonly vpns: readonly Vpn[];
  readonly #clock: Clock;
  readonly #onEmergency: (emergency: Emergency, active: boolean) => void;
  readonly #lastSeen = new Map<string, VpnObservation>();
  #emergency: Emergency | null = null;

  /** @param parts.onEmergency told when an emergency begins, when its roles change, and when it ends. */
  constructor(parts: {
    vpns: readonly Vpn[];
    clock: Clock;
    onEmergency: (emergency: Emergency, active: boolean) => void;
  }) {
    this.vpns = parts.vpns;
    this.#clock = parts.clock;
    this.#onEmergency = parts.onEmergency;
  }

  /** What was last seen of those VPNs that have been looked at. */
  get observations(): NamedObservation[] {
    return this.vpns.flatMap(({ name }) => {
      const seen = this.#lastSeen.get(name);
      return seen ? [{ name, seen }] : [];
    });
  }

  /** The same for those who use them. */
  get snapshots(): VpnSnapshot[] {
    const failed = this.#emergency?.healthy ? this.#emergency.failed : null;
    return this.observations.map(({ name: container, seen }) => ({
      container,
      containerId: seen.containerId,
      startedAt: seen.startedAt,
      connected: seen.connected,
      forwardedPort: seen.forwardedPort,
      failed: container === failed,
    }));
  }

  /** Takes up what the one who watches a VPN has seen of it. */
  note(name: string, seen: VpnObservation): void {
    this.#lastSeen.set(name, seen);
    const before = this.#emergency;
    const after = nextEmergency(before, this.observations, this.#clock.now());
    this.#emergency = after;
    if (after && after !== before) this.#onEmergency(after, true);
    else if (before && !after) this.#onEmergency(before, false);
  }

  /**
   * Looks at all VPNs now, and describes them as `GET /vpn/status` does. What it sees decides the
   * emergency that it shows, but begins or ends none: acting is left to what {@link note} is told.
   * @throws RoundhouseError `runtime_unavailable` where Docker does not answer.
   */
  async readStatus(signal: AbortSignal): Promise<VpnStatus> {
    const observations = await Promise.all(
      this.vpns.map(async ({ name, observe }) => ({ name, seen: await observe(signal) })),
    );
    const now = this.#clock.now();
    const emergency = nextEmergency(this.#emergency, observations, now);
    return toStatus(
      observations,
      Date.now(),
      emergency && { ...emergency, forS: (now - emergency.since) / 1000 },
    );
  }
}
