/** Access to the containers of VPNs, as far as `vpn/` needs it. `runtimes/docker` implements it. */

/** A VPN's container as Docker describes it. */
export interface VpnContainer {
  /** Container id, 64 hexadecimal digits. A recreated container has a new id. */
  id: string;
  /** Whether its processes run. False for a paused or restarting container. */
  running: boolean;
  /**
   * Start time in milliseconds since the epoch, or null if it never started. A restart changes it and keeps
   * the id.
   */
  startedAt: number | null;
  /** Result of Docker's health check; `none` if the container has no health check. */
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  /** IP address of its control server, or null if it is on no Docker network. */
  address: string | null;
  /** VPN provider from its environment (`VPN_SERVICE_PROVIDER`), or null if unset. */
  provider: string | null;
}

/** Reads the containers of VPNs. */
export interface VpnContainers {
  /**
   * Inspects a container by name, running or not. Has its own deadline.
   * @returns null if no container has that name
   * @throws RoundhouseError `runtime_unavailable` if Docker does not respond
   */
  inspect(name: string, signal: AbortSignal): Promise<VpnContainer | null>;
}

/** Restarts the containers of VPNs. */
export interface VpnContainerRestarts {
  /**
   * Restarts a container by name. Resolves once it runs again, and also if no container has that name.
   * @throws RoundhouseError `runtime_unavailable` if Docker does not respond; otherwise Docker's own error
   */
  restart(name: string): Promise<void>;
}

/** Reports events of the containers of VPNs. */
export interface VpnContainerEvents {
  /**
   * Calls `onChange` on every event of the container of that name.
   * @returns a function that ends the subscription
   */
  follow(name: string, onChange: () => void): () => void;
}
