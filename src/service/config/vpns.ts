import type { Config } from './config.ts';

/** A VPN container named in the configuration. */
export interface ConfiguredVpn {
  /** Name of the Gluetun container. */
  containerName: string;
  /** Base URL of its control server, or null to use the container's address. */
  controlUrl: string | null;
}

type VpnSettings = Pick<
  Config,
  'vpnMode' | 'gluetunContainerName' | 'gluetunContainerName2' | 'gluetunApiUrl' | 'gluetunApiUrl2'
>;

/** Returns the configured VPNs: none, one, or two with `VPN_MODE=redundant`. */
export function configuredVpns(config: VpnSettings): ConfiguredVpn[] {
  const candidates = [{ containerName: config.gluetunContainerName, controlUrl: config.gluetunApiUrl }];
  if (config.vpnMode === 'redundant')
    candidates.push({ containerName: config.gluetunContainerName2, controlUrl: config.gluetunApiUrl2 });
  return candidates.flatMap(({ containerName, controlUrl }) =>
    containerName === null ? [] : [{ containerName, controlUrl }],
  );
}
