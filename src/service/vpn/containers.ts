/** What the VPN needs to know of the container it runs in. `runtimes/docker` implements it. */

export interface VpnContainer {
  /** 64 hexadecimal digits. A recreated container has a new one. */
  id: string;
  /** Whether its processes run; those of a paused or restarting container do not. */
  running: boolean;
  /** When it last started, in milliseconds since the epoch. A restart changes this and keeps the id. */
  startedAt: number | null;
  /** What Docker's health check says; `none` where the container has no such check. */
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  /** IP address under which its control server is reached, or null where it is on no Docker network. */
  address: string | null;
  /** The VPN provider that its environment names (`VPN_SERVICE_PROVIDER`), or null. */
  provider: string | null;
}

export interface VpnContainers {
  /**
   * The container of that name, running or not, or null where there is none. Has its own deadline.
   * @throws RoundhouseError `runtime_unavailable` where Docker does not answer.
   */
  inspect(name: string, signal: AbortSignal): Promise<VpnContainer | null>;
}

/** Restarts the VPN's containers. */
export interface VpnContainerRestarts {
  /**
   * Restarts the container of that name; settles once it runs again. One that is gone is no error.
   * @throws RoundhouseError `runtime_unavailable` where Docker does not answer, or Docker's own fault.
   */
  restart(name: string): Promise<void>;
}

/** Tells of what happens to a container as it happens. */
export interface VpnContainerWatch {
  /** Calls `onChange` whenever something happens to the container of that name; returns what ends it. */
  follow(name: string, onChange: () => void): () => void;
}
