import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../library/cache/index.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { VpnContainerRestarts, VpnContainers, VpnContainerWatch } from '../vpn/containers.ts';

/** What the application is put together from besides its settings. */
export interface Dependencies {
  runtime: EngineRuntime;
  /** Null where no Docker is there to look at the VPN's container. */
  vpnContainers: (VpnContainers & VpnContainerRestarts & VpnContainerWatch) | null;
  apiKey: string;
  version: string;
  logger: FastifyBaseLogger;
  clock?: Clock;
  /** Where calls to Docker have been noted; it is closed with the application. Default: one of its own. */
  metrics?: Metrics;
}
