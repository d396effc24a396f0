/** How engines are joined to the network; found once from the configuration. */
export type EngineNetwork =
  | { kind: 'published'; address: string }
  | { kind: 'host' }
  | { kind: 'named'; network: string }
  /** Names of the VPN containers whose networks engines use. */
  | { kind: 'vpn'; containers: readonly [string, ...string[]] };

export interface NetworkOptions {
  dockerNetwork: string | null;
  enginePublishAddress: string;
}

/** @param vpns names of the VPN containers. */
export function chooseNetwork(options: NetworkOptions, vpns: readonly string[]): EngineNetwork {
  const [first, ...others] = vpns;
  if (first !== undefined) return { kind: 'vpn', containers: [first, ...others] };
  if (options.dockerNetwork === 'host') return { kind: 'host' };
  if (options.dockerNetwork) return { kind: 'named', network: options.dockerNetwork };
  return { kind: 'published', address: options.enginePublishAddress };
}

/**
 * The host under which an engine is reached, unless ENGINE_HOST names it. Behind a VPN that is the host on
 * which the VPN's container publishes the engines' ports; where Roundhouse shares a Docker network with the
 * VPN, ENGINE_HOST has to name the VPN's container instead: `{vpn}` stands for the one the engine uses.
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
