import type { Socket } from 'node:net';
import type { Api } from '../context.ts';

/** How long a stop waits for requests in progress. */
const STOP_GRACE_MS = 1000;

/**
 * Makes the stop of the server end within a second, whatever its connections do. Node.js closes idle
 * connections itself, but waits for those without any request, which browsers open in advance, and for
 * requests that are sent or read slowly or never to their end.
 */
export function endConnectionsOnClose(api: Api): void {
  const open = new Set<Socket>();
  api.server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  api.addHook('preClose', async () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, STOP_GRACE_MS);
    api.server.once('close', () => clearTimeout(timer));
  });
}
