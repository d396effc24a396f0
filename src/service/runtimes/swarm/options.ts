import type { Config } from '../../config/config.ts';
import type { Placement } from '../../config/swarm-values.ts';
import { type DockerEngineOptions, dockerEngineOptions } from '../docker/options.ts';

/** How engines run in a Swarm. Null selects the default. */
export interface SwarmEngineOptions extends DockerEngineOptions {
  placement: Placement;
  /** Bytes that are reserved per engine. Default: none. */
  memoryReservation: number | null;
  /** Cores per engine. Default: no limit. */
  cpuLimit: number | null;
  /** Cores that are reserved per engine. Default: none. */
  cpuReservation: number | null;
}

/**
 * Reads the options from the configuration.
 * @param instance identifies the service over its restarts
 */
export function swarmEngineOptions(config: Config, instance: string): SwarmEngineOptions {
  return {
    ...dockerEngineOptions(config, instance),
    placement: config.enginePlacement,
    memoryReservation: config.engineMemoryReservation,
    cpuLimit: config.engineCpuLimit,
    cpuReservation: config.engineCpuReservation,
  };
}
