import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ephemeral ports, which an outgoing connection could take meanwhile. */
const FIRST = 20_000;
const WORKERS = 4;
const PORTS_PER_WORKER = 3000;

/** Ports are returned once per process, because the caller may not listen on them yet. */
const returned = new Set<number>();

/**
 * Finds ports of 127.0.0.1 on which nothing listens. Test files that run in parallel use different ranges. Two
 * test runs on one machine are kept apart by chance.
 */
export async function freePorts(count: number): Promise<number[]> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + worker * PORTS_PER_WORKER + randomInt(PORTS_PER_WORKER);
    if (returned.has(port)) continue;
    returned.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** Whether nothing listens on a port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
