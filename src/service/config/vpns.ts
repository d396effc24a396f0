import type { Config } from './config.ts';

/** A VPN that the settings name. */
export interface ConfiguredVpn {
  containerName: string;
  /** Base URL of its control server, or null where its container's own address serves. */
  controlUrl: string | null;
}

type VpnSettings = Pick<
  Config,
  'vpnMode' | 'gluetunContainerName' | 'gluetunContainerName2' | 'gluetunApiUrl' | 'gluetunApiUrl2'
>;

/** None, one, or with VPN_MODE=redundant two. */
export function configuredVpns(config: VpnSettings): ConfiguredVpn[] {
  const named = [{ containerName: config.gluetunContainerName, controlUrl: config.gluetunApiUrl }];
  if (config.vpnMode === 'redundant')
    named.push({ containerName: config.gluetunContainerName2, controlUrl: config.gluetunApiUrl2 });
  return named.flatMap(({ containerName, controlUrl }) =>
    containerName === null ? [] : [{ containerName, controlUrl }],
  );
}
