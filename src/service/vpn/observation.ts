import type { VpnContainer } from './containers.ts';
import type { PublicAddress, TunnelState } from './parse.ts';

export type VpnHealth = 'healthy' | 'unhealthy' | 'starting' | 'unknown';

/** The VPN at one moment. */
export interface VpnObservation {
  /**
   * What Docker says of its container: `running`, `stopped` or `not_found`. Without Docker, what the VPN
   * says of its tunnel, or `unknown`.
   */
  state: TunnelState | 'not_found' | 'unknown';
  health: VpnHealth;
  /** Whether engines may count on the VPN: it runs and is healthy. */
  connected: boolean;
  /** Null without a container. A recreated container has a new id. */
  containerId: string | null;
  /** Start of the container, in milliseconds since the epoch; changes with a restart. */
  startedAt: number | null;
  provider: string | null;
  forwardedPort: number | null;
  publicAddress: PublicAddress | null;
}

const NOTHING_KNOWN = {
  connected: false,
  containerId: null,
  startedAt: null,
  provider: null,
  forwardedPort: null,
  publicAddress: null,
} as const;

/** A VPN that is named but not there is down, not "unknown": no engine can reach the net through it. */
export const NOT_FOUND: VpnObservation = { ...NOTHING_KNOWN, state: 'not_found', health: 'unhealthy' };

export function stopped({ id, startedAt, provider }: VpnContainer): VpnObservation {
  return { ...NOTHING_KNOWN, state: 'stopped', health: 'unhealthy', containerId: id, startedAt, provider };
}

/** What the VPN told of itself; each is null where it would not or could not. */
export interface ControlReport {
  tunnel: TunnelState | null;
  forwardedPort: number | null;
  publicAddress: PublicAddress | null;
}

/** @param container the running container, or null where there is no Docker to ask. */
export function running(container: VpnContainer | null, told: ControlReport): VpnObservation {
  const health = isJudgedByDocker(container) ? container.health : healthOf(told.tunnel);
  return {
    state: container ? 'running' : (told.tunnel ?? 'unknown'),
    health,
    connected: health === 'healthy',
    containerId: container?.id ?? null,
    startedAt: container?.startedAt ?? null,
    provider: container?.provider ?? null,
    forwardedPort: told.forwardedPort,
    publicAddress: told.publicAddress,
  };
}

/**
 * Whether Docker's health check decides. It tries the tunnel itself, several times before it changes its
 * mind; the control server only tells what Gluetun means to do, and one call to it may fail.
 */
export function isJudgedByDocker(
  container: VpnContainer | null,
): container is VpnContainer & { health: Exclude<VpnContainer['health'], 'none'> } {
  return container !== null && container.health !== 'none';
}

function healthOf(tunnel: TunnelState | null): VpnHealth {
  if (tunnel === null) return 'unknown';
  if (tunnel === 'running') return 'healthy';
  return tunnel === 'starting' ? 'starting' : 'unhealthy';
}

/** Whether anything differs that an answer about the VPN or its engines may rest on. */
export function differs(a: VpnObservation, b: VpnObservation): boolean {
  return (
    a.state !== b.state ||
    a.health !== b.health ||
    a.containerId !== b.containerId ||
    a.startedAt !== b.startedAt ||
    a.forwardedPort !== b.forwardedPort ||
    a.publicAddress?.ip !== b.publicAddress?.ip
  );
}
