import type { NamedObservation } from '../vpn/emergency.ts';
import type { VpnHealth } from '../vpn/observation.ts';
import { type VpnStatus, vpnsIn } from '../vpn/status.ts';

/** A configured VPN and its last known health. */
export interface KnownVpn {
  /** Name of its container. */
  name: string;
  /** Undefined before the first observation. */
  health: VpnHealth | undefined;
}

/**
 * The last known health of each VPN, from memory: from the cached answer or, if none is cached, from the
 * latest observations.
 */
export function knownVpns(
  names: readonly string[],
  answer: VpnStatus | undefined,
  observations: readonly NamedObservation[],
): KnownVpn[] {
  const healths = new Map<string, VpnHealth>(
    answer
      ? vpnsIn(answer).map(({ container_name, health }) => [container_name, health])
      : observations.map(({ name, seen }) => [name, seen.health]),
  );
  return names.map((name) => ({ name, health: healths.get(name) }));
}
