import ipaddr from 'ipaddr.js';
import { matchGlob } from '../../util/glob.ts';

/** A host or a range of addresses, with a port or for all ports. */
export interface HostPattern {
  /** Matches a name as the browser requested it. */
  readonly name?: string;
  /** Matches addresses. */
  readonly range?: readonly [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly port?: number;
}

/** What a {@link HostPattern} is compared with. */
export interface Destination {
  /** In lower case, as in a URL. */
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `host`, `host:port`, an address or a range such as `10.0.0.0/8`, each with an optional port. Names may
 * contain `*`; IPv6 addresses with a port are in brackets.
 * @throws RangeError if the text is none of them
 */
export function parseHostPattern(text: string): HostPattern {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)|([0-9a-f:.]*::?[0-9a-f:./]*))(?::(\d+))?$/i.exec(text.trim());
  const host = parts?.[1] ?? parts?.[2] ?? parts?.[3];
  const port = parts?.[4] === undefined ? undefined : Number(parts[4]);
  if (host === undefined || (port !== undefined && !(port >= 1 && port <= 65_535))) {
    throw new RangeError(`not a host, host:port, address or address range: ${text}`);
  }
  const common = port === undefined ? {} : { port };
  if (ipaddr.isValidCIDR(host)) return { ...common, range: ipaddr.parseCIDR(host) };
  if (host.includes('/')) throw new RangeError(`not an address range: ${text}`);
  if (ipaddr.isValid(host)) {
    const address = ipaddr.process(host);
    return { ...common, range: [address, address.kind() === 'ipv4' ? 32 : 128] };
  }
  return { ...common, name: canonicalName(host) };
}

/** Whether a pattern names a host. */
export function matchesName({ name, port }: HostPattern, destination: Destination): boolean {
  return (
    name !== undefined &&
    (port === undefined || port === destination.port) &&
    matchGlob(name, canonicalName(destination.host))
  );
}

/** Whether a pattern contains an address. */
export function matchesAddress(
  { range, port }: HostPattern,
  address: ipaddr.IPv4 | ipaddr.IPv6,
  destinationPort: number,
): boolean {
  if (range === undefined || (port !== undefined && port !== destinationPort)) return false;
  const [first, bits] = range;
  if (address.kind() !== first.kind()) return false;
  return (address as ipaddr.IPv4).match(first as ipaddr.IPv4, bits);
}

/** In lower case and without the dot of a fully qualified name. */
export function canonicalName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
