import type { Config } from '../../config/config.ts';
import type { Label } from '../../config/values.ts';
import { configuredVpns } from '../../config/vpns.ts';
import { chooseNetwork, type EngineNetwork } from './network.ts';
import type { ArmVersions } from './variants.ts';

/** How engines run in Docker. Null selects the default. */
export interface DockerEngineOptions {
  variant: Config['engineVariant'];
  /** Versions of the engine for the presets for ARM. */
  armVersions: ArmVersions;
  /** Default: the variant's image. */
  image: string | null;
  /** Default: the image's own command, with the variant's environment variables. */
  command: string | null;
  /** Marks the containers of managed engines. */
  label: Label;
  network: EngineNetwork;
  /** Host at which clients reach engines. Default: depends on the network. */
  engineHost: string | null;
  /** Bytes per engine. Default: no limit. */
  memoryLimit: number | null;
  /** Maximum number of engines, those that other orchestrators start included. */
  maxEngines: number;
  /** Whether the daemon is on this machine, so that ports of its host can be checked here. */
  isLocal: boolean;
  /** Identifies the service over its restarts. */
  instance: string;
}

/**
 * Reads the options from the configuration.
 * @param instance identifies the service over its restarts
 */
export function dockerEngineOptions(config: Config, instance: string): DockerEngineOptions {
  return {
    variant: config.engineVariant,
    armVersions: { arm32: config.engineArm32Version, arm64: config.engineArm64Version },
    image: config.engineImage,
    command: config.engineCommand,
    label: config.containerLabel,
    network: chooseNetwork(
      config,
      configuredVpns(config).map(({ containerName }) => containerName),
    ),
    engineHost: config.engineHost,
    memoryLimit: config.engineMemoryLimit,
    get maxEngines() {
      return config.maxReplicas;
    },
    isLocal: config.dockerSocket === null || config.dockerSocket.startsWith('unix://'),
    instance,
  };
}
