import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a {@link TcpProxy} does with connections. `hold` keeps them open without forwarding anything. */
export type Passage = 'pass' | 'hold' | 'refuse' | 'drip' | 'garble';

/** A proxy in front of a server on 127.0.0.1 that can simulate network faults. */
export class TcpProxy implements AsyncDisposable {
  passage: Passage = 'pass';
  /** How long each chunk of a response is delayed, in milliseconds. */
  delayMs = 0;
  /** Number of connections, including refused ones. */
  attempts = 0;
  /** Port of the server for new connections. */
  target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => this.#accept(near));

  constructor(target: number) {
    this.target = target;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open connections of clients. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.attempts += 1;
    if (this.passage === 'refuse') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    this.#sockets.add(near);
    near.on('data', (data) => this.passage !== 'hold' && far.write(data));
    far.on('data', (data) => void this.#answer(near, data));
    near
      .on('error', () => far.destroy())
      .on('close', () => {
        this.#sockets.delete(near);
        far.destroy();
      });
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  }

  async #answer(near: Socket, data: Buffer): Promise<void> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.passage === 'hold' || near.destroyed) return;
    if (this.passage === 'garble') near.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (this.passage === 'pass') near.write(data);
    else {
      for (const byte of data) {
        if (near.destroyed) return;
        near.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}
