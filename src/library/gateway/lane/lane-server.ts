import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { type Duplex, PassThrough, type Readable } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { peerUserId } from '../access/peer.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { endToEndFields, type LaneRequest, type Responder } from '../message.ts';
import { errorResponse, respondHttp1, respondHttp2 } from './respond.ts';
import { absoluteUrl, parseAuthority, type TunnelTarget, tunnelledUrl } from './target.ts';

const TLS_HANDSHAKE = 0x16;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 15_000;
/** Also for the first byte of a tunnel: Chromium opens some ahead of their use. */
const DEFAULT_IDLE_TIMEOUT_MS = 120_000;
const HTTP2_SETTINGS = { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 };
/** Node.js ends sessions that hold more. The default of 10 MB is too little for 200 large responses at once. */
const HTTP2_SESSION_MEMORY_MB = 256;

/** What a {@link LaneServer} works with. */
export interface LaneServerOptions {
  readonly respond: Responder;
  /** Handles a WebSocket handshake. Sends the response itself. */
  readonly upgrade: (request: LaneRequest, socket: Duplex, head: Buffer) => Promise<void>;
  /** The certificate for the hosts of tunnels. */
  readonly secureContext: (hostname: string) => SecureContext;
  /** Checks the destination of a tunnel before it is opened. Throws a GatewayError to refuse it. */
  readonly checkTunnel: (target: TunnelTarget) => void;
  /** User ids whose processes may connect; undefined for all. */
  readonly userIds: ReadonlySet<number> | undefined;
  /** Called for each connection or request that is refused before it reaches `respond`. */
  readonly onRefused: (error: GatewayError) => void;
  /** Called with the bytes of a closed connection, header fields and TLS records included. */
  readonly onConnectionClosed: (received: number, sent: number) => void;
  /** Deadline for a header section and for a TLS handshake, in milliseconds. Default 15,000. */
  readonly handshakeTimeoutMs?: number;
  /** How long a connection may be idle within a request, in milliseconds. Default 120,000. */
  readonly idleTimeoutMs?: number;
}

/**
 * The port of a lane: an HTTP proxy on loopback. Within CONNECT it ends TLS itself and offers HTTP/2, because
 * Chromium opens only 6 connections per host over HTTP/1.1.
 */
export class LaneServer {
  readonly #options: LaneServerOptions;
  readonly #handshakeTimeoutMs: number;
  readonly #idleTimeoutMs: number;
  readonly #proxy: Server;
  /** For connections within tunnels. Never listens. */
  readonly #tunnelled: Server;
  readonly #tunnels = new WeakMap<object, { scheme: 'http' | 'https'; target: TunnelTarget }>();
  /** Whether the process at the other end may use the lane, by connection. */
  readonly #peers = new WeakMap<object, Promise<boolean>>();
  /** The latest request of a connection over HTTP/1.1. */
  readonly #latest = new WeakMap<object, IncomingMessage>();
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: LaneServerOptions) {
    this.#options = options;
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
    const limits = {
      headersTimeout: this.#handshakeTimeoutMs,
      requestTimeout: 0,
      connectionsCheckingInterval: this.#handshakeTimeoutMs / 2,
    };
    this.#proxy = createServer(limits);
    this.#tunnelled = createServer(limits);
    // Node.js starts to enforce `headersTimeout` when a server listens.
    this.#tunnelled.emit('listening');
    for (const server of [this.#proxy, this.#tunnelled]) {
      server.on('request', (request, reply) => this.#onRequest(request, reply));
      server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
      server.on('clientError', (_error, socket) => rejectMalformed(socket));
      server.setTimeout(this.#idleTimeoutMs, (socket) => this.#endIfHalfSent(socket));
    }
    this.#proxy.on('connection', (socket) => this.#onConnection(socket));
    this.#proxy.on('connect', (request, socket, head) => this.#onConnect(request, socket as Socket, head));
  }

  /** Listens on a free port of 127.0.0.1. @returns the port */
  async listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#proxy.once('error', reject);
    this.#proxy.listen(0, '127.0.0.1', resolve);
    await promise;
    return (this.#proxy.address() as AddressInfo).port;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#proxy.close(() => resolve()));
    this.#tunnelled.close();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    // A reset by the browser is not an error here.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#options.onConnectionClosed(socket.bytesRead, socket.bytesWritten);
    });
    if (this.#options.userIds) this.#peers.set(socket, this.#checkPeer(socket, this.#options.userIds));
  }

  async #checkPeer(socket: Socket, userIds: ReadonlySet<number>): Promise<boolean> {
    const userId = await peerUserId(socket);
    if (userId !== undefined && userIds.has(userId)) return true;
    const who = userId === undefined ? 'a user that cannot be determined' : `user ${userId}`;
    const message = `The connection is from ${who}. To permit a user, add the id to "userIds".`;
    this.#options.onRefused(new GatewayError('http_request_denied', message));
    socket.destroy();
    return false;
  }

  async #onRequest(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    if ((await this.#peers.get(request.socket)) === false) return;
    this.#latest.set(request.socket, request);
    const abort = new AbortController();
    reply.once('close', () => abort.abort());
    let laneRequest: LaneRequest | undefined;
    try {
      const hasBody =
        request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
      laneRequest = {
        method: request.method!,
        url: this.#urlOf(request),
        headers: endToEndFields(request.headers),
        body: hasBody ? request : undefined,
        signal: abort.signal,
      };
      await respondHttp1(reply, await this.#options.respond(laneRequest));
    } catch (error) {
      if (!laneRequest) this.#options.onRefused(toGatewayError(error, ''));
      if (abort.signal.aborted) return;
      if (reply.headersSent) reply.destroy();
      else await respondHttp1(reply, errorPage(error, request.url!, request.headers.accept));
    }
  }

  #urlOf({ socket, url, headers }: IncomingMessage): string {
    const tunnel = this.#tunnels.get(socket);
    return tunnel ? tunnelledUrl(tunnel.scheme, tunnel.target, headers.host, url!) : absoluteUrl(url!);
  }

  async #onStream(
    stream: ServerHttp2Stream,
    fields: IncomingHttpHeaders,
    endsWithHeaders: boolean,
    target: TunnelTarget,
  ): Promise<void> {
    const abort = new AbortController();
    stream.once('close', () => abort.abort());
    stream.on('error', () => {});
    const url = `https://${target.hostname}${fields[':path']}`;
    const isHead = fields[':method'] === 'HEAD';
    let accepted = false;
    try {
      const request: LaneRequest = {
        method: fields[':method']!,
        url: tunnelledUrl('https', target, fields[':authority'] ?? fields.host, fields[':path'] ?? ''),
        headers: endToEndFields(fields),
        body: endsWithHeaders ? undefined : readableSide(stream),
        signal: abort.signal,
      };
      accepted = true;
      await respondHttp2(stream, await this.#options.respond(request), isHead);
    } catch (error) {
      if (!accepted) this.#options.onRefused(toGatewayError(error, url));
      if (abort.signal.aborted || stream.destroyed) return;
      if (stream.headersSent) stream.close(2);
      else await respondHttp2(stream, errorPage(error, url, fields.accept), isHead);
    }
  }

  /** An idle connection may wait for an EventSource's next message; a request that stopped halfway never ends. */
  #endIfHalfSent(socket: Socket): void {
    if (!this.#latest.get(socket)?.complete) socket.destroy();
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const abort = new AbortController();
    socket.on('error', () => {});
    socket.once('close', () => abort.abort());
    try {
      if ((await this.#peers.get(socket)) === false) return;
      await this.#options.upgrade(
        {
          method: request.method!,
          url: this.#urlOf(request),
          headers: endToEndFields(request.headers),
          body: undefined,
          signal: abort.signal,
        },
        socket,
        head,
      );
    } catch (error) {
      const { status, code } = toGatewayError(error, request.url!);
      socket.end(`HTTP/1.1 ${status} ${code}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    }
  }

  async #onConnect(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    try {
      if ((await this.#peers.get(socket)) === false) return;
      const target = parseAuthority(request.url);
      this.#options.checkTunnel(target);
      socket.setTimeout(this.#idleTimeoutMs, () => socket.destroy());
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) socket.unshift(head);
      const first = await firstByte(socket);
      socket.removeAllListeners('timeout').setTimeout(0);
      if (first === TLS_HANDSHAKE) this.#startTls(socket, target);
      else if (first !== undefined) this.#serve(socket, 'http', target);
    } catch (error) {
      const refusal = toGatewayError(error, `http://${request.url}`);
      this.#options.onRefused(refusal);
      const { status, body } = errorResponse(refusal, false);
      socket.end(`HTTP/1.1 ${status} ${refusal.code}\r\nconnection: close\r\n\r\n${body}`);
    }
  }

  #startTls(socket: Socket, target: TunnelTarget): void {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#options.secureContext(target.hostname),
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    const deadline = setTimeout(() => socket.destroy(), this.#handshakeTimeoutMs).unref();
    secure.on('error', () => socket.destroy());
    secure.once('close', () => clearTimeout(deadline));
    secure.once('secure', () => {
      clearTimeout(deadline);
      // Only a tls.Server resets this; HTTP/2 would wait for it forever.
      Object.assign(secure, { secureConnecting: false });
      if (secure.alpnProtocol === 'h2') this.#serveHttp2(secure, target);
      else this.#serve(secure, 'https', target);
    });
  }

  #serve(socket: Socket, scheme: 'http' | 'https', target: TunnelTarget): void {
    this.#tunnels.set(socket, { scheme, target });
    this.#tunnelled.emit('connection', socket);
  }

  #serveHttp2(socket: TLSSocket, target: TunnelTarget): void {
    const session = performServerHandshake(socket, {
      settings: HTTP2_SETTINGS,
      maxSessionMemory: HTTP2_SESSION_MEMORY_MB,
    });
    this.#sessions.add(session);
    let openStreams = 0;
    session.on('error', () => {});
    session.once('close', () => this.#sessions.delete(session));
    session.on('stream', (stream, fields, flags) => {
      openStreams += 1;
      stream.once('close', () => {
        openStreams -= 1;
      });
      const endStream = (flags & 0x1) !== 0;
      this.#onStream(stream, fields, endStream, target);
    });
    session.setTimeout(this.#idleTimeoutMs, () => {
      if (openStreams === 0) session.close();
    });
  }
}

function errorPage(error: unknown, url: string, accept = '') {
  return errorResponse(toGatewayError(error, url), accept.includes('text/html'));
}

/** Waits for the first byte of a connection and leaves it to be read. @returns undefined if the connection ends */
function firstByte(socket: Socket): Promise<number | undefined> {
  return new Promise((resolve) => {
    const check = () => {
      const chunk: Buffer | null = socket.read();
      if (!chunk) return;
      finish(chunk[0]);
      socket.unshift(chunk);
    };
    const finish = (byte?: number) => {
      socket.off('readable', check).off('close', finish);
      resolve(byte);
    };
    socket.on('readable', check).once('close', () => finish());
    check();
  });
}

function rejectMalformed(socket: Duplex): void {
  if (socket.writable)
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  else socket.destroy();
}

/**
 * What a stream receives. With the stream itself as the body of a request over HTTP/2, undici 8.12.4 allocated
 * memory in an endless loop.
 */
function readableSide(stream: ServerHttp2Stream): Readable {
  const received = new PassThrough();
  stream.once('close', () => {
    if (!received.writableEnded) received.destroy();
  });
  return stream.pipe(received);
}
