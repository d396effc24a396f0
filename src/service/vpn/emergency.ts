import type { NamedObservation } from './observation.ts';

/** Lost redundancy: one of two VPNs has failed. */
export interface Emergency {
  /** Name of the VPN that failed. */
  failed: string;
  /** Name of the other VPN, or null while it is down too. */
  healthy: string | null;
  /** Start, in milliseconds of the clock that {@link nextEmergency} is given. */
  since: number;
}

/**
 * Derives the emergency from observations of all VPNs.
 *
 * An emergency begins when one of two VPNs is unhealthy while the other is connected. A VPN that is only
 * starting has not failed: otherwise every boot of the machine would be an emergency. If both are down from
 * the start, neither can replace the other, so it begins once one of them is connected again. It ends when
 * both are connected. If they swap roles before that, it continues with the roles swapped.
 * @param current the emergency so far, or null
 * @param now milliseconds of a monotonic clock
 * @returns `current` itself if nothing changed, or null if there is no emergency
 */
export function nextEmergency(
  current: Emergency | null,
  observations: readonly NamedObservation[],
  now: number,
): Emergency | null {
  const healthy = observations.find(({ connected }) => connected)?.name ?? null;
  const down = observations.find(({ connected }) => !connected);
  if (observations.length < 2 || !down) return null;
  if (current) {
    const failed = healthy === null ? current.failed : down.name;
    const same = failed === current.failed && healthy === current.healthy;
    return same ? current : { failed, healthy, since: current.since };
  }
  if (healthy === null || down.health !== 'unhealthy') return null;
  return { failed: down.name, healthy, since: now };
}
