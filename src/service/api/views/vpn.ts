import type { Static } from 'typebox';
import type { NamedObservation } from '../../vpn/observation.ts';
import { primaryVpn, type VpnState } from '../../vpn/state.ts';
import type { VpnStatusSchema } from '../schemas/vpn.ts';
import { toTime } from './time.ts';

/** Body of `GET /vpn/status`. */
export type WireVpnState = Static<typeof VpnStatusSchema>;
type WireVpn = NonNullable<WireVpnState['vpn1']>;

const NO_EMERGENCY: WireVpnState['emergency_mode'] = {
  active: false,
  failed_vpn: null,
  healthy_vpn: null,
  duration_seconds: 0,
};

const DISABLED: WireVpnState = {
  mode: 'disabled',
  enabled: false,
  status: 'disabled',
  container_name: null,
  container: null,
  health: 'unknown',
  connected: false,
  forwarded_port: null,
  public_ip: null,
  provider: null,
  country: null,
  city: null,
  region: null,
  last_check: null,
  last_check_at: null,
  problem: null,
  vpn1: null,
  vpn2: null,
  emergency_mode: NO_EMERGENCY,
};

/**
 * Describes the state of all VPNs. Of two VPNs, the fields outside `vpn1` and `vpn2` are those of the first
 * that is connected, so that the whole is connected if either is.
 */
export function toWireVpnState(state: VpnState): WireVpnState {
  const { vpns, observedAt, emergency } = state;
  const primary = primaryVpn(state);
  const [first, second] = vpns.map((vpn) => toWireVpn(vpn, observedAt));
  if (!primary || !first) return DISABLED;
  if (!second) return { ...first, vpn1: null, vpn2: null, emergency_mode: NO_EMERGENCY };
  return {
    ...toWireVpn(primary, observedAt),
    mode: 'redundant',
    vpn1: first,
    vpn2: second,
    emergency_mode: emergency
      ? {
          active: true,
          failed_vpn: emergency.failed,
          healthy_vpn: emergency.healthy,
          duration_seconds: Math.round(emergency.durationS * 1000) / 1000,
        }
      : NO_EMERGENCY,
  };
}

function toWireVpn(vpn: NamedObservation, observedAt: number): WireVpn {
  return {
    mode: 'single',
    enabled: true,
    status: vpn.state,
    container_name: vpn.name,
    // The same name again, where older clients read it.
    container: vpn.name,
    health: vpn.health,
    connected: vpn.connected,
    forwarded_port: vpn.forwardedPort,
    public_ip: vpn.publicAddress?.ip ?? null,
    provider: vpn.provider,
    country: vpn.publicAddress?.country ?? null,
    city: vpn.publicAddress?.city ?? null,
    region: vpn.publicAddress?.region ?? null,
    last_check: new Date(observedAt).toISOString(),
    last_check_at: new Date(observedAt).toISOString(),
    problem: vpn.problem && {
      code: vpn.problem.code,
      message: vpn.problem.message,
      since: toTime(vpn.problem.since),
      responded_at: toTime(vpn.problem.respondedAt),
    },
  };
}
