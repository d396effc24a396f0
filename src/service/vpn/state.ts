import type { NamedObservation } from './observation.ts';

/**
 * The state of all VPNs at one moment: the read model shared by the API, provisioning and metrics. It is
 * plain data, because the cache may share it between processes as JSON.
 */
export interface VpnState {
  /** The configured VPNs: none, one or two. */
  readonly vpns: readonly NamedObservation[];
  /** Time of the observations, in milliseconds since the epoch. */
  readonly observedAt: number;
  /** Lost redundancy, or null. */
  readonly emergency: {
    /** Name of the VPN that failed. */
    readonly failed: string;
    /** Name of the other VPN, or null while it is down too. */
    readonly healthy: string | null;
    /** How long the emergency has lasted at `observedAt`, in seconds. */
    readonly durationS: number;
  } | null;
}

/**
 * The VPN that stands for all of them: the first that is connected, otherwise the first.
 * @returns undefined if no VPN is configured
 */
export function primaryVpn({ vpns }: VpnState): NamedObservation | undefined {
  return vpns.find(({ connected }) => connected) ?? vpns[0];
}

/** Whether a VPN is configured, and whether any of them is connected. */
export function connectivityOf(state: VpnState): { enabled: boolean; connected: boolean } {
  const primary = primaryVpn(state);
  return { enabled: primary !== undefined, connected: primary?.connected ?? false };
}
