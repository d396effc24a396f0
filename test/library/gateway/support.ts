import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Dispatcher, ProxyAgent, request } from 'undici';
import type { Lane } from '../../../src/library/gateway/index.ts';
import { issueCertificate, type KeyedCertificate } from '../../../src/library/gateway/tls/certificate.ts';

/** An authority for the origins of tests. Give its `cert` to the gateway's `trust`. */
export const TEST_CA = issueCertificate({ name: 'Test CA', days: 2, isAuthority: true });

/** A request as an origin received it. */
export interface LoggedRequest {
  method: string;
  url: string;
  httpVersion: string;
  headers: IncomingMessage['headers'];
}

/** An origin on loopback that records its requests. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** In the order of their arrival, without those for the browser's icon. */
  readonly requests: LoggedRequest[];
  /** Paths of the requests. */
  paths(): string[];
  /** Handles requests. Tests may replace it. */
  answer: RequestListener;
  readonly server: Server;
  close(): Promise<void>;
}

/** Options of {@link startOrigin}. */
export interface OriginOptions {
  /** Host names of the certificate. With them, the origin uses https and HTTP/2. */
  hosts?: string[];
  /** Another certificate than one of {@link TEST_CA}. */
  certificate?: KeyedCertificate;
}

/** Starts an origin on a free port of 127.0.0.1. */
export async function startOrigin(
  answer: RequestListener,
  { hosts, certificate }: OriginOptions = {},
): Promise<Origin> {
  const requests: LoggedRequest[] = [];
  const sockets = new Set<Socket>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, httpVersion, headers } = request;
    // Chromium requests the icon when it likes.
    if (url === '/favicon.ico') {
      response.writeHead(404, { 'cache-control': 'no-store' }).end();
      return;
    }
    requests.push({ method: method!, url: url!, httpVersion, headers: { ...headers } });
    origin.answer(request, response);
  };
  const issued =
    certificate ?? (hosts && issueCertificate({ name: 'origin', hosts, days: 2, issuer: TEST_CA }));
  const server: Server = issued
    ? createSecureServer(
        {
          allowHTTP1: true,
          cert: issued.cert,
          key: issued.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        },
        listener as never,
      )
    : createHttpServer(listener);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const origin: Origin = {
    port,
    url: `${issued ? 'https' : 'http'}://${hosts?.[0] ?? '127.0.0.1'}:${port}`,
    requests,
    paths: () => requests.map(({ url }) => url),
    answer,
    server,
    close,
    [Symbol.asyncDispose]: close,
  };
  return origin;
}

/** A response as a client of a lane gets it. */
export interface ClientReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends requests through a lane, as a browser would. */
export type LaneClient = (
  url: string,
  options?: {
    method?: string;
    headers?: Record<string, string>;
    body?: string | Buffer;
    signal?: AbortSignal;
  },
) => Promise<ClientReply>;

/** Calls `use` with a client of a lane, and ends its connections. */
export async function withClient<T>(lane: Lane, use: (send: LaneClient) => Promise<T>): Promise<T> {
  const agent = new ProxyAgent({
    uri: lane.proxyUrl,
    requestTls: { rejectUnauthorized: false, allowH2: false } as never,
  });
  try {
    return await use(async (url, { method = 'GET', ...options } = {}) => {
      const response = await request(url, {
        dispatcher: agent,
        method: method as Dispatcher.HttpMethod,
        ...options,
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers, text };
    });
  } finally {
    await agent.destroy();
  }
}

/** Sends one request through a lane. */
export function send(lane: Lane, ...parameters: Parameters<LaneClient>): Promise<ClientReply> {
  return withClient(lane, (client) => client(...parameters));
}

/** A TLS context for servers of tests. */
export function secureContext(): SecureContext {
  const { cert, privateKey } = issueCertificate({ name: 'test', days: 2 });
  return createSecureContext({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
}
