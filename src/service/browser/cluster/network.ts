import { readFileSync, readlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { RoundhouseError } from '../../errors.ts';
import type { Member } from './member-record.ts';
import type { OwnAddress } from './members.ts';

let namespace: string | undefined;

/** Identifies the network namespace of this process, in which a loopback address is the same service for all. */
export function networkNamespace(): string {
  namespace ??= readNamespace();
  return namespace;
}

function readNamespace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/net')}`;
  } catch {
    // Not Linux. A loopback address is then used by nobody else.
    return `process ${process.pid}`;
  }
}

/**
 * Returns where other orchestrators reach this one.
 * @param configured CLUSTER_URL
 * @param listening address at which the service listens, if it does
 */
export function ownAddress(configured: string | null, listening: AddressInfo | string | null): OwnAddress {
  if (configured !== null) return { url: configured, loopbackOf: null };
  if (listening === null || typeof listening === 'string') return { url: null, loopbackOf: null };
  const { address, port } = listening;
  const isLoopback = ['0.0.0.0', '::', '::1'].includes(address) || address.startsWith('127.');
  if (!isLoopback) return { url: `http://${bracket(address)}:${port}`, loopbackOf: null };
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return { url: `http://${bracket(host)}:${port}`, loopbackOf: networkNamespace() };
}

/**
 * Returns the URL of another orchestrator.
 * @throws RoundhouseError `owner_unreachable` if it has none that works here
 */
export function urlOf({ name, url, loopbackOf }: Member): string {
  if (url !== null && (loopbackOf === null || loopbackOf === networkNamespace())) return url;
  throw new RoundhouseError(
    'owner_unreachable',
    `The session runs on the orchestrator on ${name}, which has published no address: set its CLUSTER_URL`,
  );
}

function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
