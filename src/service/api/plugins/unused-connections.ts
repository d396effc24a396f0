import type { Socket } from 'node:net';
import type { Api } from '../context.ts';

/**
 * Closes connections without any request when the server stops. Browsers and HTTP clients open some in
 * advance, and Node.js waits for them, because it does not count them as idle.
 */
export function closeUnusedConnections(api: Api): void {
  const open = new Set<Socket>();
  api.server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  api.addHook('preClose', async () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  });
}
