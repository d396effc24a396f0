import { networkInterfaces } from 'node:os';

/** Loopback in all forms, and the unspecified addresses, which connect to this machine too. */
const LOOPBACK = ['127.0.0.0/8', '::1', '0.0.0.0', '::'];
/** Ports of the Docker daemon, whether DOCKER_HOST names them or not. */
const DOCKER_PORTS = [2375, 2376];

/** Services of the operator that apps must never reach. */
export interface OwnServices {
  /** Ports of this machine: the service itself, and engines. */
  readonly ports: readonly number[];
  /** Services elsewhere, as URLs or `host:port`: Docker, Redis, control servers of VPNs. */
  readonly addresses: readonly string[];
}

/** Returns the destinations that no lane connects to, even if BROWSER_ALLOW_HOSTS names them. */
export function deniedHosts({ ports, addresses }: OwnServices): string[] {
  const own = [...LOOPBACK, ...ownAddresses()];
  const remote = addresses.map(hostAndPort).filter((found) => found !== null);
  // A service on this machine may be named by any of its addresses.
  const local = remote.filter(({ host }) => host === 'localhost' || own.includes(host) || isLoopback(host));
  const allPorts = new Set([...ports, ...DOCKER_PORTS, ...local.map(({ port }) => port)]);
  return [
    ...own.flatMap((address) => [...allPorts].map((port) => withPort(address, port))),
    ...remote.map(({ host, port }) => withPort(host, port)),
  ];
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries = []) =>
    entries.map(({ address }) => address.replace(/%.*/, '')),
  );
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

function hostAndPort(address: string): { host: string; port: number } | null {
  const url = URL.parse(address.includes('://') ? address : `tcp://${address}`);
  if (!url || url.hostname === '') return null;
  const defaults: Record<string, number> = {
    'http:': 80,
    'https:': 443,
    'redis:': 6379,
    'rediss:': 6379,
    'tcp:': 2375,
  };
  const port = url.port === '' ? defaults[url.protocol] : Number(url.port);
  return port === undefined ? null : { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

function withPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
