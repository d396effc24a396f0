import { readFileSync } from 'node:fs';

/** Bytes through all interfaces of a process's network namespace but the loopback. */
export function readNetworkCounters(pid: number, proc = '/proc'): { rx: number; tx: number } {
  return parseNetDev(readFileSync(`${proc}/${pid}/net/dev`, 'utf8'));
}

/** Reads `/proc/<pid>/net/dev`: a name, eight receive columns, eight transmit columns; bytes come first. */
export function parseNetDev(text: string): { rx: number; tx: number } {
  let rx = 0;
  let tx = 0;
  for (const [, name, columns] of text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)) {
    if (name === 'lo' || columns === undefined) continue;
    const figures = columns.trim().split(/\s+/);
    rx += Number(figures[0]);
    tx += Number(figures[8]);
  }
  return { rx, tx };
}
