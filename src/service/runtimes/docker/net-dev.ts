import { readFileSync } from 'node:fs';

/**
 * Reads the bytes received and sent by all interfaces of a process's network namespace, except the loopback.
 * @param proc mount point of procfs
 * @throws the system's error if the process has ended
 */
export function readNetworkCounters(pid: number, proc = '/proc'): { rx: number; tx: number } {
  return parseNetDev(readFileSync(`${proc}/${pid}/net/dev`, 'utf8'));
}

/** Parses `/proc/<pid>/net/dev`: a name, eight receive and eight transmit columns, each starting with bytes. */
export function parseNetDev(text: string): { rx: number; tx: number } {
  let rx = 0;
  let tx = 0;
  for (const [, name, columns] of text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)) {
    if (name === 'lo' || columns === undefined) continue;
    const values = columns.trim().split(/\s+/);
    rx += Number(values[0]);
    tx += Number(values[8]);
  }
  return { rx, tx };
}
