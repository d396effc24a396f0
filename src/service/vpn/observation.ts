import type { VpnContainer } from './containers.ts';
import type { PublicAddress, TunnelState } from './parse.ts';
import type { VpnProblem } from './problem.ts';

/** Health of a VPN; `unknown` if neither Docker nor the control server reports it. */
export type VpnHealth = 'healthy' | 'unhealthy' | 'starting' | 'unknown';

/** One VPN at one moment. */
export interface VpnObservation {
  /**
   * State of its container: `running`, `stopped` or `not_found`. Without Docker, the state of its tunnel, or
   * `unknown`.
   */
  state: TunnelState | 'not_found' | 'unknown';
  /** Result of Docker's health check. Without one, derived from the state of the tunnel. */
  health: VpnHealth;
  /** Whether engines can use the VPN: it runs and is healthy. */
  connected: boolean;
  /** Container id, or null without a container. A recreated container has a new id. */
  containerId: string | null;
  /** Start of the container in milliseconds since the epoch, or null if unknown. Changes with a restart. */
  startedAt: number | null;
  /** VPN provider that the container's environment names, or null. */
  provider: string | null;
  /** Port that the VPN forwards, or null. */
  forwardedPort: number | null;
  /** Public address of the VPN's exit, or null if unknown. */
  publicAddress: PublicAddress | null;
  /** What is wrong with it, or null. */
  problem: VpnProblem | null;
}

/** An observation with the name of its VPN. */
export interface NamedObservation extends VpnObservation {
  /** Name of the VPN's container. */
  name: string;
}

const NO_DETAILS = {
  connected: false,
  containerId: null,
  startedAt: null,
  provider: null,
  forwardedPort: null,
  publicAddress: null,
  problem: null,
} as const;

/**
 * A VPN without a container. It counts as `unhealthy`, not `unknown`: no engine can reach the internet
 * through it.
 */
export const NOT_FOUND_OBSERVATION: VpnObservation = {
  ...NO_DETAILS,
  state: 'not_found',
  health: 'unhealthy',
};

/** A VPN whose container does not run. */
export function observeStopped({ id, startedAt, provider }: VpnContainer): VpnObservation {
  return { ...NO_DETAILS, state: 'stopped', health: 'unhealthy', containerId: id, startedAt, provider };
}

/** What a VPN's control server reported. A field is null if the server refused or failed. */
export interface ControlReport {
  /** State of the tunnel. */
  tunnel: TunnelState | null;
  /** Forwarded port; also null if no port is forwarded. */
  forwardedPort: number | null;
  /** Public address; also null if Gluetun has not detected it yet. */
  publicAddress: PublicAddress | null;
}

/**
 * A VPN that runs.
 * @param container the running container, or null without Docker
 */
export function observeRunning(container: VpnContainer | null, report: ControlReport): VpnObservation {
  const health = hasHealthCheck(container) ? container.health : healthOf(report.tunnel);
  return {
    state: container ? 'running' : (report.tunnel ?? 'unknown'),
    health,
    connected: health === 'healthy',
    containerId: container?.id ?? null,
    startedAt: container?.startedAt ?? null,
    provider: container?.provider ?? null,
    forwardedPort: report.forwardedPort,
    publicAddress: report.publicAddress,
    problem: null,
  };
}

/**
 * Whether Docker's health check decides the health. It tests the tunnel itself and fails several times before
 * it changes its result. The control server only reports what Gluetun intends, and one call to it may fail.
 */
export function hasHealthCheck(
  container: VpnContainer | null,
): container is VpnContainer & { health: Exclude<VpnContainer['health'], 'none'> } {
  return container !== null && container.health !== 'none';
}

function healthOf(tunnel: TunnelState | null): VpnHealth {
  if (tunnel === null) return 'unknown';
  if (tunnel === 'running') return 'healthy';
  return tunnel === 'starting' ? 'starting' : 'unhealthy';
}

/** Whether two observations differ in anything that answers, engines or placement depend on. */
export function hasChanged(previous: VpnObservation, current: VpnObservation): boolean {
  return (
    previous.state !== current.state ||
    previous.health !== current.health ||
    previous.containerId !== current.containerId ||
    previous.startedAt !== current.startedAt ||
    previous.forwardedPort !== current.forwardedPort ||
    previous.publicAddress?.ip !== current.publicAddress?.ip
  );
}
