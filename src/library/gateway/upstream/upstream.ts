import type { Duplex, Readable } from 'node:stream';
import { Agent, type Dispatcher, Pool, upgrade } from 'undici';
import type { HeaderFields } from '../../http-cache/headers.ts';
import type { NetworkPolicy } from '../access/network-policy.ts';
import { toGatewayError } from '../errors.ts';
import { endToEndFields, type LaneRequest } from '../message.ts';
import { createConnector, type StandIn } from './connector.ts';

/** Deadlines of requests to origins. */
export interface UpstreamTimeouts {
  /** For a connection, with TLS, in milliseconds. Default 10,000. */
  readonly connectMs?: number;
  /** From the sent request to the header section of the response, in milliseconds. Default 120,000. */
  readonly headersMs?: number;
  /** Between two chunks of a response's body, in milliseconds; not for EventSource. Default 120,000. */
  readonly bodyMs?: number;
}

/** What an {@link Upstream} works with. */
export interface UpstreamOptions {
  readonly policy: NetworkPolicy;
  readonly standIns: ReadonlyMap<string, StandIn>;
  readonly timeouts: UpstreamTimeouts;
  readonly ca: readonly string[];
}

/** A response of an origin, while its body arrives. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: Readable;
}

/** Connections per origin, apart from EventSources and WebSockets, which stay open. */
const MAX_CONNECTIONS = 128;

/** Sends requests to origins over pooled connections. Lanes with the same permissions share one. */
export class Upstream {
  readonly #pooled: Agent;
  /** For what stays open: it must not occupy the limited connections. */
  readonly #longLived: Agent;

  constructor(options: UpstreamOptions) {
    this.#pooled = createAgent(options, { connections: MAX_CONNECTIONS });
    this.#longLived = createAgent(options, { connections: null, bodyTimeout: 0, allowH2: false });
  }

  /**
   * Sends a request and resolves at the end of the response's header section.
   * @throws GatewayError
   */
  async request(request: LaneRequest, headers = request.headers): Promise<UpstreamResponse> {
    const { origin, pathname, search } = new URL(request.url);
    const isEventSource = headers.accept === 'text/event-stream';
    const agent = isEventSource ? this.#longLived : this.#pooled;
    try {
      const response = await agent.request({
        origin,
        path: pathname + search,
        method: request.method as Dispatcher.HttpMethod,
        headers,
        body: request.body ?? null,
        signal: request.signal,
      });
      const fields = endToEndFields(response.headers);
      return { status: response.statusCode, headers: fields, body: response.body };
    } catch (error) {
      throw toGatewayError(error, request.url);
    }
  }

  /**
   * Sends a WebSocket handshake.
   * @throws GatewayError also if the origin responds with another status than 101
   */
  async upgrade(url: string, headers: HeaderFields, signal: AbortSignal): Promise<UpgradedConnection> {
    try {
      const { headers: fields, socket } = await upgrade(url, {
        dispatcher: this.#longLived,
        method: 'GET',
        protocol: 'websocket',
        headers,
        signal,
      });
      return { headers: endToEndFields(fields), socket };
    } catch (error) {
      throw toGatewayError(error, url);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pooled.destroy(), this.#longLived.destroy()]);
  }
}

/** A connection to an origin after a WebSocket handshake. */
export interface UpgradedConnection {
  /** Fields of the response. */
  readonly headers: HeaderFields;
  readonly socket: Duplex;
}

function createAgent(options: UpstreamOptions, pool: Pool.Options & { allowH2?: boolean }): Agent {
  const { timeouts, ...connector } = options;
  const { connectMs = 10_000, headersMs = 120_000, bodyMs = 120_000 } = timeouts;
  const { allowH2 = true } = pool;
  return new Agent({
    factory: (origin, poolOptions) => {
      const url = new URL(origin);
      const connect = createConnector(url, { ...connector, allowH2, timeoutMs: connectMs });
      return new Pool(url, { ...poolOptions, connect });
    },
    allowH2,
    headersTimeout: headersMs,
    bodyTimeout: bodyMs,
    maxHeaderSize: 64 * 1024,
    ...pool,
  } as Agent.Options);
}
