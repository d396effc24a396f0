import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that the kernel gives to outgoing connections, which could take one of these meanwhile. */
const FIRST = 20_000;
const WORKERS = 4;
const PORTS_PER_WORKER = 3000;

/** A port is given out once per process: nothing listens on it yet when the next one is drawn. */
const given = new Set<number>();

/**
 * Ports of 127.0.0.1 that nothing listens on. Test files that run side by side draw from different ports;
 * chance keeps two runs of the tests on one machine apart.
 */
export async function freePorts(count: number): Promise<number[]> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + worker * PORTS_PER_WORKER + randomInt(PORTS_PER_WORKER);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

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
