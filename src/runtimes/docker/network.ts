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
 * The host under which an engine is reached, unless ENGINE_HOST names it. Behind a VPN that is the host on
 * which the VPN's container publishes the engines' ports; where Roundhouse shares a Docker network with the
 * VPN, ENGINE_HOST has to name the VPN's container instead.
 */
export function hostOf(network: EngineNetwork, containerName: string, configured: string | null): string {
  if (configured) return configured;
  if (network.kind === 'named') return containerName;
  if (network.kind === 'published' && !['0.0.0.0', '::'].includes(network.address)) return network.address;
  return '127.0.0.1';
}
