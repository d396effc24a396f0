import type { Socket } from 'node:net';
import type { Api } from '../context.ts';

/**
 * Closes, when the server stops, connections that no request has come on. Browsers and HTTP clients open some
 * ahead of need; Node does not count them as idle, and waits for them for as long as they stay.
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
