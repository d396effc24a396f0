import type { Config } from '../../config/config.ts';
import type { Label } from '../../config/values.ts';
import { configuredVpns } from '../../config/vpns.ts';
import { chooseNetwork, type EngineNetwork } from './network.ts';
import type { VARIANTS } from './variants.ts';

/** How engines run in Docker. Null selects the default. */
export interface DockerEngineOptions {
  variant: keyof typeof VARIANTS;
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
}

/** Reads the options from the configuration. */
export function dockerEngineOptions(config: Config): DockerEngineOptions {
  return {
    variant: config.engineVariant,
    image: config.engineImage,
    command: config.engineCommand,
    label: config.containerLabel,
    network: chooseNetwork(
      config,
      configuredVpns(config).map(({ containerName }) => containerName),
    ),
    engineHost: config.engineHost,
    memoryLimit: config.engineMemoryLimit,
  };
}
