import type { VpnObservation } from './observation.ts';

/** A VPN by name, and what was seen of it. */
export interface NamedObservation {
  name: string;
  seen: VpnObservation;
}

/** Redundancy lost: of two VPNs, one has failed. */
export interface Emergency {
  failed: string;
  /** The other one, or null while that is down too. */
  healthy: string | null;
  /** Begin, in milliseconds of the clock that {@link nextEmergency} is given. */
  since: number;
}

/**
 * The emergency after a look at all VPNs. It begins when one is unhealthy while the other is connected: one
 * that is only starting has not failed, or every start of the machine would be an emergency. Of two found down
 * together neither can take the other's place: it begins once one of them is back alone. It ends when both are
 * connected; if they change roles before that, it goes on with the roles changed.
 */
export function nextEmergency(
  current: Emergency | null,
  observations: readonly NamedObservation[],
  now: number,
): Emergency | null {
  const healthy = observations.find(({ seen }) => seen.connected)?.name ?? null;
  const down = observations.find(({ seen }) => !seen.connected);
  if (observations.length < 2 || !down) return null;
  if (current) {
    const failed = healthy === null ? current.failed : down.name;
    const same = failed === current.failed && healthy === current.healthy;
    return same ? current : { failed, healthy, since: current.since };
  }
  if (healthy === null || down.seen.health !== 'unhealthy') return null;
  return { failed: down.name, healthy, since: now };
}
