import type { NamedObservation, VpnHealth } from '../vpn/observation.ts';
import type { VpnState } from '../vpn/state.ts';

/** A configured VPN. */
export interface KnownVpn {
  /** Name of its container. */
  name: string;
  /** Its health, or undefined if it has not been observed yet. */
  health: VpnHealth | undefined;
}

/**
 * The health of each configured VPN, from what is in memory: from the cached state that the API shows, or, if no
 * recent request has loaded it, from the latest background checks.
 */
export function knownVpns(
  names: readonly string[],
  state: VpnState | undefined,
  observations: readonly NamedObservation[],
): KnownVpn[] {
  const healths = new Map((state?.vpns ?? observations).map(({ name, health }) => [name, health]));
  return names.map((name) => ({ name, health: healths.get(name) }));
}
