import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';
import { VALUE } from './peers.ts';

/** A slow server that sends the same cacheable response for every path and counts requests. */
export interface Origin {
  url: string;
  /** Number of requests for a path. */
  requestCount(path: string): number;
}

/**
 * Starts an origin that waits `delayMs` before each response.
 * @param bodyBytes minimum length of the bodies
 */
export async function startOrigin(cleanup: Cleanup, delayMs: number, bodyBytes = 0): Promise<Origin> {
  const counts = new Map<string, number>();
  const text = JSON.stringify(VALUE);
  const padding = 'x'.repeat(Math.max(0, bodyBytes - text.length));
  const body = padding === '' ? text : JSON.stringify({ ...VALUE, padding });
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=3600' };
  const server = createServer(async (request, response) => {
    const path = request.url!;
    counts.set(path, (counts.get(path) ?? 0) + 1);
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
  return { url: `http://127.0.0.1:${port}`, requestCount: (path) => counts.get(path) ?? 0 };
}
