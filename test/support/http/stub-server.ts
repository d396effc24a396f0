import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server that responds as a test defines, and records its requests. Dispose of it with `await using`.
 */
export class StubServer implements AsyncDisposable {
  readonly #server: Server;
  /** Method and target of every request. */
  readonly requests: string[] = [];
  answer: RequestListener;
  connections = 0;

  constructor(answer: RequestListener) {
    this.answer = answer;
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      this.answer(request, response);
    }).on('connection', () => {
      this.connections += 1;
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open connections. */
  open(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close().closeAllConnections();
  }
}

/**
 * Starts a stub server on a free port.
 * @param answer handles every request, or is sent as the body of every response
 */
export function startStubServer(answer: RequestListener | string): Promise<StubServer> {
  return new StubServer(typeof answer === 'string' ? (_, response) => response.end(answer) : answer).listen();
}
