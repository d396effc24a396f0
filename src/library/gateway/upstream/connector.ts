import { type LookupAddress, lookup as resolveHost } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { canonicalName, type Destination } from '../access/host-pattern.ts';
import type { NetworkPolicy } from '../access/network-policy.ts';
import { GatewayError } from '../errors.ts';

/** How connections to origins are made. */
export interface ConnectorOptions {
  readonly policy: NetworkPolicy;
  /** Addresses to connect to, in place of those in the DNS. */
  readonly standIns: ReadonlyMap<string, StandIn>;
  readonly timeoutMs: number;
  /** Certificates of authorities to trust besides those of Node.js, as PEM. */
  readonly ca: readonly string[];
  readonly allowH2: boolean;
}

/** An address, and a port if it differs from that of the URL. */
export interface StandIn {
  readonly address: string;
  readonly port?: number;
}

/**
 * Creates a connector for undici that checks the address of each connection when it is made, so that a name
 * which resolves to another address later (DNS rebinding) gains nothing.
 * @param origin the origin that it connects to
 */
export function createConnector(origin: URL, options: ConnectorOptions): buildConnector.connector {
  const { policy, standIns, timeoutMs, ca, allowH2 } = options;
  const standIn = standIns.get(canonicalName(origin.hostname));
  // `allow` and `deny` apply to the port that the connection is made to.
  const port = standIn?.port ?? Number(origin.port || (origin.protocol === 'https:' ? 443 : 80));
  const destination = { host: origin.hostname, port };
  const lookup: LookupFunction = (name, { all }, done) => {
    resolvePermitted(name, destination, policy).then(
      (addresses) => (all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family)),
      (error) => done(error, '', 0),
    );
  };
  const connect = buildConnector({
    allowH2,
    timeout: timeoutMs,
    lookup,
    autoSelectFamily: true,
    ...(ca.length > 0 ? { ca: [...ca] } : {}),
  });
  return (target, callback) => {
    try {
      policy.checkHost(destination);
      if (standIn) policy.checkAddress(standIn.address, destination);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    connect({ ...target, hostname: standIn?.address ?? target.hostname, port: String(port) }, callback);
  };
}

/**
 * Parses addresses with an optional port, by host name.
 * @throws RangeError for one that is not an address
 */
export function parseStandIns(resolve: Readonly<Record<string, string>>): Map<string, StandIn> {
  return new Map(
    Object.entries(resolve).map(([name, target]) => [canonicalName(name), parseStandIn(target)]),
  );
}

function parseStandIn(target: string): StandIn {
  if (isIP(target) !== 0) return { address: target };
  const [, inBrackets, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(target) ?? [];
  const address = inBrackets ?? plain ?? '';
  if (isIP(address) === 0) throw new RangeError(`not an IP address, with or without a port: ${target}`);
  return { address, port: Number(port) };
}

/** Resolves a name to those of its addresses that are permitted. */
async function resolvePermitted(
  name: string,
  destination: Destination,
  policy: NetworkPolicy,
): Promise<LookupAddress[]> {
  const all = await resolveAll(name);
  const permitted = all.filter(({ address }) => policy.permits(address, destination));
  if (permitted.length === 0) policy.checkAddress(all[0]!.address, destination);
  return permitted;
}

/** Names under `localhost` are loopback: https://www.rfc-editor.org/rfc/rfc6761.html#section-6.3 */
function resolveAll(name: string): Promise<LookupAddress[]> {
  if (/(^|\.)localhost$/.test(canonicalName(name))) {
    return Promise.resolve([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
  }
  return new Promise((resolve, reject) => {
    resolveHost(name, { all: true }, (error, addresses) => {
      if (!error && addresses.length > 0) resolve(addresses);
      else reject(new GatewayError('dns_error', `${name} has no address`, { cause: error }));
    });
  });
}
