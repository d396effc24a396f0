import { once } from 'node:events';
import { createServer } from 'node:net';
import { RoundhouseError } from '../../errors.ts';

/**
 * Binds each port for a moment. An engine that finds its port taken would die after it was accepted.
 * @param address where to bind; undefined means all addresses.
 * @throws RoundhouseError `port_taken`.
 */
export async function assertPortsFree(ports: Iterable<number>, address: string | undefined): Promise<void> {
  await Promise.all(Array.from(ports, (port) => assertPortFree(port, address)));
}

async function assertPortFree(port: number, address: string | undefined): Promise<void> {
  const server = createServer();
  try {
    server.listen({ port, host: address, exclusive: true });
    await once(server, 'listening');
  } catch (cause) {
    throw new RoundhouseError('port_taken', `Port ${port} cannot be listened on`, { cause });
  }
  server.close();
  await once(server, 'close');
}
