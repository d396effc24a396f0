import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Api } from '../context.ts';

/** Clients that send requests without waiting for replies send a few. A connection with more is closed. */
const MAX_WAITING = 100;

/** A connection with requests that were sent before the reply to an earlier one. */
interface Connection {
  /** The response that is sent now. */
  current: ServerResponse;
  /** Starts each request that waits. */
  readonly waiting: { response: ServerResponse; start: () => void }[];
}

/**
 * Handles the requests of a connection one after another. Node.js handles all requests that arrive together at once and
 * keeps their responses until they can be sent: a thousand requests for the OpenAPI document take 38 kB, and their
 * responses took gigabytes.
 */
export function handleInTurn(api: Api): void {
  const connections = new WeakMap<Socket, Connection>();
  api.addHook('onRequest', (request, reply, done) => {
    const { socket } = request;
    const response = reply.raw;
    const connection = connections.get(socket);
    if (connection === undefined) {
      connections.set(socket, { current: response, waiting: [] });
      done();
    } else if (connection.current.writableFinished && connection.waiting.length === 0) {
      connection.current = response;
      done();
    } else if (connection.waiting.length === MAX_WAITING) {
      socket.destroy();
    } else {
      connection.waiting.push({ response, start: done });
      if (connection.waiting.length === 1) continueWhenClosed(connection, socket);
    }
  });
}

/** Starts the next request after the current response. Those of a connection that was closed are dropped. */
function continueWhenClosed(connection: Connection, socket: Socket): void {
  connection.current.once('close', () => {
    const next = socket.destroyed ? undefined : connection.waiting.shift();
    if (!next) return;
    connection.current = next.response;
    if (connection.waiting.length > 0) continueWhenClosed(connection, socket);
    next.start();
  });
}
