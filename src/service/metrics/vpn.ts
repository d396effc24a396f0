import type { NamedObservation } from '../vpn/emergency.ts';
import type { VpnHealth } from '../vpn/observation.ts';
import { type VpnStatus, vpnsIn } from '../vpn/status.ts';

/** A configured VPN by its container's name; undefined where nothing is known of it yet. */
export interface KnownVpn {
  name: string;
  health: VpnHealth | undefined;
}

/**
 * How VPNs are, without asking them: as in the answer that everyone shares, and where none is held, because
 * nobody has asked lately, as whoever watches them saw them last.
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
