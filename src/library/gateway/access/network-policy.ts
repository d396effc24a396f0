import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { GatewayError } from '../errors.ts';
import {
  type Destination,
  type HostPattern,
  matchesAddress,
  matchesName,
  parseHostPattern,
} from './host-pattern.ts';

/** Azure's host agent: a public address that reaches the machine's metadata. */
const PUBLIC_METADATA = ['168.63.129.16'];

/** What decides which destinations a lane may connect to. */
export interface NetworkPolicyOptions {
  /** Destinations that are permitted although their addresses are not public. */
  readonly allow: readonly string[];
  /** Destinations that are refused even if `allow` names them. */
  readonly deny: readonly string[];
  /** Ports on which this process's lanes listen. */
  readonly lanePorts: ReadonlySet<number>;
}

/**
 * Decides which hosts and addresses a lane may connect to. Public addresses are permitted. All others
 * (loopback, private, link-local, metadata services, shared address space, addresses of this machine) only if
 * `allow` names them.
 */
export class NetworkPolicy {
  readonly #allow: readonly HostPattern[];
  readonly #deny: readonly HostPattern[];
  readonly #lanePorts: ReadonlySet<number>;

  /** @throws RangeError for a malformed pattern */
  constructor({ allow, deny, lanePorts }: NetworkPolicyOptions) {
    this.#allow = allow.map(parseHostPattern);
    this.#deny = deny.map(parseHostPattern);
    this.#lanePorts = lanePorts;
  }

  /**
   * Checks a host as it was requested, before its name is resolved.
   * @throws GatewayError if it is refused
   */
  checkHost(destination: Destination): void {
    if (this.#deny.some((pattern) => matchesName(pattern, destination))) throw refused(destination);
    if (ipaddr.isValid(bare(destination.host))) this.checkAddress(bare(destination.host), destination);
  }

  /**
   * Checks an address that a host resolved to, when the connection is made.
   * @throws GatewayError if it is refused
   */
  checkAddress(address: string, destination: Destination): void {
    if (!this.permits(address, destination)) throw refused(destination, address);
  }

  /** Whether a connection to an address is permitted. */
  permits(address: string, destination: Destination): boolean {
    const { port } = destination;
    const parsed = ipaddr.process(address);
    if (this.#deny.some((pattern) => matchesAddress(pattern, parsed, port))) return false;
    const isLocal = isOwnAddress(parsed);
    if (isLocal && this.#lanePorts.has(port)) return false;
    if (!isLocal && parsed.range() === 'unicast' && !PUBLIC_METADATA.includes(parsed.toString())) return true;
    return this.#allow.some(
      (pattern) => matchesName(pattern, destination) || matchesAddress(pattern, parsed, port),
    );
  }
}

/** IPv6 hosts of URLs are in brackets. */
function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** Whether an address is one of this machine. The unspecified address connects to the machine itself. */
function isOwnAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (['loopback', 'unspecified'].includes(address.range())) return true;
  const text = address.toNormalizedString();
  return Object.values(networkInterfaces()).some((entries) =>
    entries?.some((entry) => ipaddr.process(entry.address.replace(/%.*/, '')).toNormalizedString() === text),
  );
}

function refused({ host, port }: Destination, address?: string): GatewayError {
  const which =
    address === undefined || address === bare(host)
      ? 'is not permitted'
      : `resolves to ${address}, which is not permitted`;
  return new GatewayError(
    'destination_ip_prohibited',
    `${host}:${port} ${which} for this lane. To permit it, add it to the lane's "allow".`,
  );
}
