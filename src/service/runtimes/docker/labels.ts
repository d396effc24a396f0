import type { Label } from '../../config/values.ts';
import type { EnginePorts, EngineSpec } from '../../engines/runtime.ts';

/** Labels under this prefix are Roundhouse's own notes on a container. */
export const OWN_PREFIX = 'roundhouse.';
const HOST_HTTP = `${OWN_PREFIX}host-http-port`;
const CONTAINER_HTTP = `${OWN_PREFIX}container-http-port`;
const CONTAINER_HTTPS = `${OWN_PREFIX}container-https-port`;
const VARIANT = `${OWN_PREFIX}variant`;
const VPN = `${OWN_PREFIX}vpn-container`;
const FORWARDED_PORT = `${OWN_PREFIX}forwarded-port`;

/** All labels of a new container: the caller's, the one we know it by, and what a restart must find again. */
export function writeLabels(
  known: Label,
  variant: string,
  { labels, ports, vpnContainer, forwardedPort }: Omit<EngineSpec, 'name' | 'env'>,
) {
  return {
    ...labels,
    [known.name]: known.value,
    [HOST_HTTP]: `${ports.hostHttp}`,
    [CONTAINER_HTTP]: `${ports.containerHttp}`,
    [CONTAINER_HTTPS]: `${ports.containerHttps}`,
    [VARIANT]: variant,
    ...(vpnContainer === undefined ? {} : { [VPN]: vpnContainer }),
    ...(forwardedPort === undefined ? {} : { [FORWARDED_PORT]: `${forwardedPort}` }),
  };
}

export interface ParsedLabels {
  labels: Record<string, string>;
  variant: string | null;
  ports: Partial<EnginePorts>;
  forwardedPort: number | null;
}

/** The caller's labels and our notes, apart again. */
export function parseLabels(known: Label, all: Record<string, string>): ParsedLabels {
  const labels = Object.fromEntries(
    Object.entries(all).filter(([name]) => name !== known.name && !name.startsWith(OWN_PREFIX)),
  );
  const port = (name: string) => (/^\d{1,5}$/.test(all[name] ?? '') ? Number(all[name]) : undefined);
  const ports: Partial<EnginePorts> = {};
  const hostHttp = port(HOST_HTTP);
  const containerHttp = port(CONTAINER_HTTP);
  const containerHttps = port(CONTAINER_HTTPS);
  if (hostHttp !== undefined) ports.hostHttp = hostHttp;
  if (containerHttp !== undefined) ports.containerHttp = containerHttp;
  if (containerHttps !== undefined) ports.containerHttps = containerHttps;
  return {
    labels,
    variant: all[VARIANT] ?? null,
    ports,
    forwardedPort: port(FORWARDED_PORT) ?? null,
  };
}

/** Name of the VPN container that an engine was put behind. */
export function vpnLabelOf(all: Record<string, string>): string | undefined {
  return all[VPN];
}
