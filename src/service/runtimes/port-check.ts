import { once } from 'node:events';
import { createServer } from 'node:net';
import { RoundhouseError } from '../errors.ts';

/**
 * Checks ports by briefly listening on each: an engine whose port is in use would exit after its start was
 * accepted.
 * @param address address to listen on; undefined means all addresses
 * @throws RoundhouseError `port_taken`
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
    throw new RoundhouseError('port_taken', `Port ${port} is not available`, { cause });
  }
  server.close();
  await once(server, 'close');
}
