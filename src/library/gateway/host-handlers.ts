import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { canonicalName } from './access/host-pattern.ts';
import { GatewayError } from './errors.ts';
import { endToEndFields, type LaneRequest, type LaneResponse } from './message.ts';
import type { HostHandler } from './options.ts';

/** Responds to requests for some hosts from functions. */
export class HostHandlers {
  readonly #handlers: ReadonlyMap<string, HostHandler>;

  constructor(hosts: Readonly<Record<string, HostHandler>>) {
    this.#handlers = new Map(Object.entries(hosts).map(([name, handler]) => [canonicalName(name), handler]));
  }

  /** The handler of a host. */
  find(hostname: string): HostHandler | undefined {
    return this.#handlers.size === 0 ? undefined : this.#handlers.get(canonicalName(hostname));
  }
}

/**
 * Calls a handler with a request.
 * @throws GatewayError if it throws, or returns no Response
 */
export async function callHandler(handler: HostHandler, request: LaneRequest): Promise<LaneResponse> {
  const { url, method, headers, body, signal } = request;
  const init: RequestInit = { method, signal, headers: Object.entries(headers).flatMap(toPairs) };
  if (body) Object.assign(init, { body: Readable.toWeb(body), duplex: 'half' });
  let response: Response;
  try {
    response = await handler(new Request(url, init));
    if (!(response instanceof Response)) throw new TypeError('the handler returned no Response');
  } catch (error) {
    const message = `The handler of ${new URL(url).hostname} failed: ${error instanceof Error ? error.message : error}`;
    throw new GatewayError('proxy_internal_error', message, { cause: error });
  }
  const fields: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) fields['set-cookie'] = cookies;
  return {
    status: response.status,
    headers: endToEndFields(fields),
    body: response.body ? Readable.fromWeb(response.body as ReadableStream) : new Uint8Array(),
  };
}

function toPairs([name, value]: [string, string | string[]]): [string, string][] {
  return [value].flat().map((line) => [name, line]);
}
