import type { Config } from '../../config/config.ts';
import type { Label } from '../../config/values.ts';
import { configuredVpns } from '../../config/vpns.ts';
import { chooseNetwork, type EngineNetwork } from './network.ts';
import type { VARIANTS } from './variants.ts';

/** How engines run in Docker. Memory in bytes. */
export interface DockerEngineOptions {
  variant: keyof typeof VARIANTS;
  image: string | null;
  command: string | null;
  label: Label;
  network: EngineNetwork;
  engineHost: string | null;
  memoryLimit: number | null;
}

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
