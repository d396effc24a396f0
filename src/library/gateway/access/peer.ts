import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

type TableName = 'tcp' | 'tcp6';

/** Reads that have not started yet, and those that run. */
const next = new Map<TableName, Promise<string>>();
const running = new Map<TableName, Promise<string>>();

/**
 * Reads a table. Its length grows with the number of connections, so that one read for each of 1,000 connections
 * took 20 s: connections that arrive during a read share the following one.
 */
function readTable(name: TableName): Promise<string> {
  let read = next.get(name);
  if (!read) {
    read = (running.get(name) ?? Promise.resolve('')).then(() => {
      next.delete(name);
      const current = readFile(`/proc/net/${name}`, 'utf8').catch(() => '');
      running.set(name, current);
      return current;
    });
    next.set(name, read);
  }
  return read;
}

/**
 * The user id of the process at the other end of a loopback connection, from Linux's tables of sockets.
 * @returns undefined if the tables do not contain the connection
 */
export async function peerUserId(socket: Socket): Promise<number | undefined> {
  const { remoteAddress, remotePort, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined || localPort === undefined) return undefined;
  const address = ipaddr.parse(remoteAddress);
  const tables: { table: TableName; text: string }[] = [
    { table: address.kind() === 'ipv4' ? 'tcp' : 'tcp6', text: tableAddress(address) },
  ];
  // A client with an IPv6 socket that connects to an IPv4 address is listed in the table for IPv6.
  if (address.kind() === 'ipv4') {
    tables.push({ table: 'tcp6', text: tableAddress((address as ipaddr.IPv4).toIPv4MappedAddress()) });
  }
  const ports = [portText(remotePort), portText(localPort)];
  for (const one of tables) {
    const rows = await readTable(one.table);
    const found = userIdIn(rows, `${one.text}:${ports[0]}`, `:${ports[1]}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Finds the user id of a socket in a table of `/proc/net`.
 * @param local address and port as in the table
 * @param remotePort how the remote address ends
 */
export function userIdIn(table: string, local: string, remotePort: string): number | undefined {
  for (let at = table.indexOf(local); at >= 0; at = table.indexOf(local, at + 1)) {
    const end = table.indexOf('\n', at);
    const [ownAddress, remoteAddress, , , , , userId] = table
      .slice(at, end < 0 ? undefined : end)
      .split(/\s+/);
    if (ownAddress === local && remoteAddress?.endsWith(remotePort) && userId !== undefined) {
      return Number(userId);
    }
  }
  return undefined;
}

/** Linux prints addresses as 32-bit words in the byte order of the machine. */
function tableAddress(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const bytes = Buffer.from(address.toByteArray());
  return bytes.swap32().toString('hex').toUpperCase();
}

function portText(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
