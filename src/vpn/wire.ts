import type { VpnHealth, VpnObservation } from './observation.ts';

/** `GET /vpn/status`, for no VPN or one. */
export interface VpnStatus {
  mode: 'disabled' | 'single';
  enabled: boolean;
  /** See {@link VpnObservation.state}. */
  status: VpnObservation['state'];
  container_name: string | null;
  /** The same name again, where older clients look for it. */
  container: string | null;
  health: VpnHealth;
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  /** When the VPN was looked at, in seconds since the epoch; null where there is none. */
  last_check: number | null;
  /** The same moment in RFC 3339. */
  last_check_at: string | null;
  vpn1: null;
  vpn2: null;
  emergency_mode: { active: false; failed_vpn: null; healthy_vpn: null; duration_seconds: null };
}

/**
 * @param name the VPN's container, or null where none is named.
 * @param checkedAt when it was looked at, in milliseconds since the epoch.
 */
export function toStatus(name: string | null, seen: VpnObservation, checkedAt: number): VpnStatus {
  const enabled = name !== null;
  return {
    mode: enabled ? 'single' : 'disabled',
    enabled,
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
    last_check: enabled ? checkedAt / 1000 : null,
    last_check_at: enabled ? new Date(checkedAt).toISOString() : null,
    vpn1: null,
    vpn2: null,
    emergency_mode: { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: null },
  };
}
