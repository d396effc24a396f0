import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../library/cache/index.ts';
import type { RouteDependencies } from '../api/dependencies.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { VpnContainerEvents, VpnContainerRestarts, VpnContainers } from '../vpn/containers.ts';

/** What the application is built from besides its settings. */
export interface Dependencies {
  /** Runs the engines. Closed with the application. */
  runtime: EngineRuntime;
  /** The containers of the VPNs, or null without Docker. */
  vpnContainers: (VpnContainers & VpnContainerRestarts & VpnContainerEvents) | null;
  /** Why the engines do not run in Docker although they should, or null. Closed with the application. */
  fallback?: (NonNullable<RouteDependencies['fallback']> & { close(): void }) | null;
  /** Key that writes require. */
  apiKey: string;
  /** Version of the service. */
  version: string;
  /** Log of the service. */
  logger: FastifyBaseLogger;
  /** Source of time. Defaults to the system's monotonic clock. */
  clock?: Clock;
  /**
   * Metrics that calls to Docker have been recorded in. Closed with the application. Defaults to new ones.
   */
  metrics?: Metrics;
}
