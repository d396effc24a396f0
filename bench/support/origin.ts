import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';
import { VALUE } from './peers.ts';

/** A slow source that answers every path alike, lets everybody keep the answer, and counts. */
export interface Origin {
  url: string;
  /** How often a path was asked for. */
  callsOf(path: string): number;
}

export async function startOrigin(cleanup: Cleanup, delayMs: number): Promise<Origin> {
  const calls = new Map<string, number>();
  const body = JSON.stringify(VALUE);
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=3600' };
  const server = createServer(async (request, response) => {
    const path = request.url!;
    calls.set(path, (calls.get(path) ?? 0) + 1);
    await pause(delayMs);
    response.writeHead(200, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, callsOf: (path) => calls.get(path) ?? 0 };
}
