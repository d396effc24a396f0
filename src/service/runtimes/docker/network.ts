/** How engines are connected to the network. */
export type EngineNetwork =
  | { kind: 'published'; address: string }
  | { kind: 'host' }
  | { kind: 'named'; network: string }
  /** Names of the VPN containers whose networks engines join. */
  | { kind: 'vpn'; containers: readonly [string, ...string[]] };

/** The settings that decide on the network: DOCKER_NETWORK and ENGINE_PUBLISH_ADDRESS. */
export interface NetworkOptions {
  dockerNetwork: string | null;
  enginePublishAddress: string;
}

/**
 * Chooses the network of engines. VPN containers take precedence over DOCKER_NETWORK.
 * @param vpns names of the VPN containers
 */
export function chooseNetwork(options: NetworkOptions, vpns: readonly string[]): EngineNetwork {
  const [first, ...others] = vpns;
  if (first !== undefined) return { kind: 'vpn', containers: [first, ...others] };
  if (options.dockerNetwork === 'host') return { kind: 'host' };
  if (options.dockerNetwork) return { kind: 'named', network: options.dockerNetwork };
  return { kind: 'published', address: options.enginePublishAddress };
}

/**
 * The host at which clients reach an engine: ENGINE_HOST if it is set, in which `{vpn}` stands for the name of
 * the engine's VPN container. Behind a VPN, the default is the host on which the VPN's container publishes the
 * engines' ports; if Roundhouse shares a Docker network with the VPN, ENGINE_HOST must name that container.
 * @param configured ENGINE_HOST, or null
 */
export function hostOf(
  network: EngineNetwork,
  configured: string | null,
  engine: { name: string; vpnContainer: string | null },
): string {
  if (configured) return configured.replaceAll('{vpn}', engine.vpnContainer ?? '');
  if (network.kind === 'named') return engine.name;
  if (network.kind === 'published' && !['0.0.0.0', '::'].includes(network.address)) return network.address;
  return '127.0.0.1';
}
