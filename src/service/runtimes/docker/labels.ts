import type { Label } from '../../config/values.ts';
import { COMPATIBLE_LABELS, compatibleLabels } from '../../engines/compatible-labels.ts';
import type { EnginePorts, EngineSpec } from '../../engines/runtime.ts';

/** Prefix of the labels in which Roundhouse stores an engine's properties. */
export const OWN_PREFIX = 'roundhouse.';
const HOST_HTTP = `${OWN_PREFIX}host-http-port`;
const CONTAINER_HTTP = `${OWN_PREFIX}container-http-port`;
const CONTAINER_HTTPS = `${OWN_PREFIX}container-https-port`;
const VARIANT = `${OWN_PREFIX}variant`;
const VPN = `${OWN_PREFIX}vpn-container`;
const INSTANCE = `${OWN_PREFIX}instance`;
const FORWARDED_PORT = `${OWN_PREFIX}forwarded-port`;

/**
 * All labels of a new container: the caller's, the one that marks it as managed, and the properties that
 * Roundhouse needs after a restart.
 */
export function writeLabels(
  managed: Label,
  { variant, instance }: { variant: string; instance: string },
  { labels, ports, vpnContainer, forwardedPort }: Omit<EngineSpec, 'name' | 'env'>,
) {
  return {
    ...labels,
    ...compatibleLabels({
      ports,
      variant,
      vpnContainer: vpnContainer ?? null,
      forwarded: forwardedPort !== undefined,
    }),
    [managed.name]: managed.value,
    [HOST_HTTP]: `${ports.hostHttp}`,
    [CONTAINER_HTTP]: `${ports.containerHttp}`,
    [CONTAINER_HTTPS]: `${ports.containerHttps}`,
    [VARIANT]: variant,
    [INSTANCE]: instance,
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

const COMPATIBLE = new Set<string>(Object.values(COMPATIBLE_LABELS));

/**
 * Splits the labels of a container; the reverse of {@link writeLabels}. Containers of other orchestrators have only
 * the labels that those know.
 */
export function parseLabels(managed: Label, all: Record<string, string>): ParsedLabels {
  const labels = Object.fromEntries(
    Object.entries(all).filter(
      ([name]) => name !== managed.name && !COMPATIBLE.has(name) && !name.startsWith(OWN_PREFIX),
    ),
  );
  const port = (name: string) => toPort(all[name]);
  const ports: Partial<EnginePorts> = {};
  const hostHttp = port(HOST_HTTP) ?? port(COMPATIBLE_LABELS.hostHttp);
  const containerHttp = port(CONTAINER_HTTP) ?? port(COMPATIBLE_LABELS.containerHttp);
  const containerHttps = port(CONTAINER_HTTPS) ?? port(COMPATIBLE_LABELS.containerHttps);
  if (hostHttp !== undefined) ports.hostHttp = hostHttp;
  if (containerHttp !== undefined) ports.containerHttp = containerHttp;
  if (containerHttps !== undefined) ports.containerHttps = containerHttps;
  return {
    labels,
    variant: all[VARIANT] ?? all[COMPATIBLE_LABELS.variant] ?? null,
    ports,
    forwardedPort: port(FORWARDED_PORT) ?? null,
  };
}

/** Returns a port from 1 to 65535, or undefined. */
export function toPort(text: unknown): number | undefined {
  const port = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The service that created a container, over its restarts; undefined for a container that it did not create. */
export function instanceOf(all: Record<string, string>): string | undefined {
  return all[INSTANCE];
}

/** Name of the VPN container in whose network an engine was created, if its label is set. */
export function vpnLabelOf(all: Record<string, string>): string | undefined {
  return all[VPN] ?? all[COMPATIBLE_LABELS.vpnContainer];
}
