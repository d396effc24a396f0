import type { Emergency, NamedObservation } from './emergency.ts';
import type { VpnHealth, VpnObservation } from './observation.ts';

/** What `GET /vpn/status` says of one VPN. */
export interface OneVpnStatus {
  mode: 'single';
  enabled: true;
  /** See {@link VpnObservation.state}. */
  status: VpnObservation['state'];
  container_name: string;
  /** The same name again, where older clients look for it. */
  container: string;
  health: VpnHealth;
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  /** When the VPN was looked at, in seconds since the epoch. */
  last_check: number;
  /** The same moment in RFC 3339. */
  last_check_at: string;
}

/** What it says where no VPN is named. */
type NoVpnStatus = { mode: 'disabled'; enabled: false; status: 'disabled'; health: 'unknown' } & {
  connected: false;
} & {
  [Field in Exclude<keyof OneVpnStatus, 'mode' | 'enabled' | 'status' | 'health' | 'connected'>]: null;
};

interface RedundancyStatus {
  vpn1: OneVpnStatus | null;
  vpn2: OneVpnStatus | null;
  emergency_mode: {
    active: boolean;
    failed_vpn: string | null;
    healthy_vpn: string | null;
    duration_seconds: number | null;
  };
}

/**
 * `GET /vpn/status`. Of two VPNs, the fields outside of `vpn1` and `vpn2` are those of the first that is
 * connected, so that the whole is connected if either is.
 */
export type VpnStatus = RedundancyStatus &
  (NoVpnStatus | OneVpnStatus | (Omit<OneVpnStatus, 'mode'> & { mode: 'redundant' }));

const CALM: RedundancyStatus['emergency_mode'] = {
  active: false,
  failed_vpn: null,
  healthy_vpn: null,
  duration_seconds: null,
};

const DISABLED: VpnStatus = {
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
  vpn1: null,
  vpn2: null,
  emergency_mode: CALM,
};

/**
 * @param observations none, one or two VPNs, as they were seen.
 * @param checkedAt when they were looked at, in milliseconds since the epoch.
 * @param emergency with `forS`, how long it has lasted, in seconds.
 */
export function toStatus(
  observations: readonly NamedObservation[],
  checkedAt: number,
  emergency: (Emergency & { forS: number }) | null,
): VpnStatus {
  const [first, second] = observations.map((sight) => toOneStatus(sight, checkedAt));
  if (!first) return DISABLED;
  if (!second) return { ...first, vpn1: null, vpn2: null, emergency_mode: CALM };
  const shown = second.connected && !first.connected ? second : first;
  return {
    ...shown,
    mode: 'redundant',
    vpn1: first,
    vpn2: second,
    emergency_mode: emergency
      ? {
          active: true,
          failed_vpn: emergency.failed,
          healthy_vpn: emergency.healthy,
          duration_seconds: Math.round(emergency.forS * 1000) / 1000,
        }
      : CALM,
  };
}

/** The VPNs that a status speaks of. */
export function vpnsIn(status: VpnStatus): OneVpnStatus[] {
  if (status.mode === 'disabled') return [];
  if (status.mode === 'single') return [status];
  return [status.vpn1, status.vpn2].filter((part) => part !== null);
}

function toOneStatus({ name, seen }: NamedObservation, checkedAt: number): OneVpnStatus {
  return {
    mode: 'single',
    enabled: true,
    status: seen.state,
    container_name: name,
    container: name,
    health: seen.health,
    connected: seen.connected,
    forwarded_port: seen.forwardedPort,
    public_ip: seen.publicAddress?.ip ?? null,
    provider: seen.provider,
    country: seen.publicAddress?.country ?? null,
    city: seen.publicAddress?.city ?? null,
    region: seen.publicAddress?.region ?? null,
    last_check: checkedAt / 1000,
    last_check_at: new Date(checkedAt).toISOString(),
  };
}
