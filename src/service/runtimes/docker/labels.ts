import type { Label } from '../../config/values.ts';
import type { EnginePorts, EngineSpec } from '../../engines/runtime.ts';

/** Prefix of the labels in which Roundhouse stores an engine's properties. */
export const OWN_PREFIX = 'roundhouse.';
const HOST_HTTP = `${OWN_PREFIX}host-http-port`;
const CONTAINER_HTTP = `${OWN_PREFIX}container-http-port`;
const CONTAINER_HTTPS = `${OWN_PREFIX}container-https-port`;
const VARIANT = `${OWN_PREFIX}variant`;
const VPN = `${OWN_PREFIX}vpn-container`;
const FORWARDED_PORT = `${OWN_PREFIX}forwarded-port`;

/**
 * All labels of a new container: the caller's, the one that marks it as managed, and the properties that
 * Roundhouse needs after a restart.
 */
export function writeLabels(
  managed: Label,
  variant: string,
  { labels, ports, vpnContainer, forwardedPort }: Omit<EngineSpec, 'name' | 'env'>,
) {
  return {
    ...labels,
    [managed.name]: managed.value,
    [HOST_HTTP]: `${ports.hostHttp}`,
    [CONTAINER_HTTP]: `${ports.containerHttp}`,
    [CONTAINER_HTTPS]: `${ports.containerHttps}`,
    [VARIANT]: variant,
    ...(vpnContainer === undefined ? {} : { [VPN]: vpnContainer }),
    ...(forwardedPort === undefined ? {} : { [FORWARDED_PORT]: `${forwardedPort}` }),
  };
}

/** The labels of a container, split by their purpose. */
export interface ParsedLabels {
  /** The caller's. */
  labels: Record<string, string>;
  variant: string | null;
  ports: Partial<EnginePorts>;
  forwardedPort: number | null;
}

/** Splits the labels of a container; the reverse of {@link writeLabels}. */
export function parseLabels(managed: Label, all: Record<string, string>): ParsedLabels {
  const labels = Object.fromEntries(
    Object.entries(all).filter(([name]) => name !== managed.name && !name.startsWith(OWN_PREFIX)),
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

/** Name of the VPN container in whose network an engine was created, if its label is set. */
export function vpnLabelOf(all: Record<string, string>): string | undefined {
  return all[VPN];
}
