import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';

/** A request whose body, if any, is sent as it arrives. */
export interface StreamedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
}

/** A response whose body is read as it arrives. */
export interface StreamedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** Sends requests and returns responses in pieces. There is no deadline for a body: end it with the signal. */
export class StreamedRequests {
  readonly #agent: Agent;

  constructor({
    connectTimeoutMs,
    headersTimeoutMs,
  }: { connectTimeoutMs: number; headersTimeoutMs: number }) {
    this.#agent = new Agent({
      connect: { timeout: connectTimeoutMs },
      headersTimeout: headersTimeoutMs,
      bodyTimeout: 0,
    });
  }

  /** Sends a request. Redirects are not followed. Rejects if there is no response. */
  async send({ url, method, headers, body, signal }: StreamedRequest): Promise<StreamedResponse> {
    const { statusCode, ...response } = await request(url, {
      dispatcher: this.#agent,
      method: method as 'GET',
      headers,
      signal,
      ...(body && { body }),
    });
    return { status: statusCode, headers: response.headers, body: response.body };
  }

  /** Ends all requests. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
