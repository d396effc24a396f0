import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serverTls } from '../../../src/service/runtimes/swarm/agent/key.ts';

/** An agent that sends what a test wants it to send. It has the right key. */
export class ScriptedAgent {
  /** Paths of all requests for events so far. */
  readonly paths: string[] = [];
  /** Bytes of the reply to `GET /samples`, or null for none. */
  samples: string | null = null;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  #onStream: (response: ServerResponse) => void = () => {};

  constructor(key: Buffer) {
    this.#server = createServer(serverTls(key), (request, response) => {
      if (request.url === '/samples') return void (this.samples !== null && response.end(this.samples));
      this.paths.push(request.url ?? '');
      this.#streams.add(response);
      response.on('error', () => {});
      response.on('close', () => this.#streams.delete(response));
      response.flushHeaders();
      this.#onStream(response);
    });
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Listens, and greets each client. @param hello fields of the greeting that differ */
  async listen(hello: object): Promise<this> {
    this.greet(hello);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** Greets clients in this way from now on. */
  greet(hello: object): void {
    this.#onStream = (response) => response.write(`${JSON.stringify(greeting(hello))}\n`);
  }

  /** Greets the clients that are connected. */
  greetNow(hello: object): void {
    this.send(greeting(hello));
  }

  /** Calls back for each stream instead of greeting. */
  onStream(callback: (response: ServerResponse) => void): void {
    this.#onStream = callback;
  }

  /** Sends a line to all clients. */
  send(line: object): void {
    for (const response of this.#streams) response.write(`${JSON.stringify(line)}\n`);
  }

  /** Ends all connections. */
  disconnect(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, 'close');
  }
}

function greeting(hello: object): object {
  return { type: 'hello', nodeId: 'node', version: '1', run: 'r', sequence: 0, containers: [], ...hello };
}
