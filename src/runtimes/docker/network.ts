import { existsSync } from 'node:fs';

/** How engines are joined to the network; found once from the configuration. */
export type EngineNetwork =
  | { kind: 'published'; address: string }
  | { kind: 'host' }
  | { kind: 'named'; network: string }
  | { kind: 'vpn'; container: string };

export interface NetworkOptions {
  dockerNetwork: string | null;
  gluetunContainerName: string | null;
  enginePublishAddress: string;
  engineHost: string | null;
}

export function chooseNetwork(options: NetworkOptions): EngineNetwork {
  if (options.gluetunContainerName) return { kind: 'vpn', container: options.gluetunContainerName };
  if (options.dockerNetwork === 'host') return { kind: 'host' };
  if (options.dockerNetwork) return { kind: 'named', network: options.dockerNetwork };
  return { kind: 'published', address: options.enginePublishAddress };
}

/**
 * The host under which an engine is reached. Within a container of ours the VPN's container is known by its
 * name; on the bare host only the ports that it publishes there can be reached.
 */
export function hostOf(network: EngineNetwork, containerName: string, configured: string | null): string {
  if (configured) return configured;
  switch (network.kind) {
    case 'named':
      return containerName;
    case 'vpn':
      return existsSync('/.dockerenv') ? network.container : '127.0.0.1';
    case 'published':
      return ['0.0.0.0', '::'].includes(network.address) ? '127.0.0.1' : network.address;
    case 'host':
      return '127.0.0.1';
  }
}
