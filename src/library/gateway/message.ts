import type { Readable } from 'node:stream';
import type { HeaderFields } from '../http-cache/headers.ts';

/** A request of the browser, over HTTP/1.1 or HTTP/2. */
export interface LaneRequest {
  readonly method: string;
  /** Absolute, without a fragment; normalised by the URL parser. */
  readonly url: string;
  /** Without hop-by-hop fields. */
  readonly headers: HeaderFields;
  /** Undefined if the request has no body. */
  readonly body: Readable | undefined;
  /** Aborted when the browser ends the request. */
  readonly signal: AbortSignal;
}

/** A response to the browser. */
export interface LaneResponse {
  readonly status: number;
  /** Without hop-by-hop fields. */
  readonly headers: HeaderFields;
  readonly body: Readable | Uint8Array;
  /** Called once, when the body has been sent or has failed, with the number of bytes sent. */
  readonly onSent?: (bytes: number) => void;
}

/** Responds to a request. Rejects with a GatewayError, which becomes an error page. */
export type Responder = (request: LaneRequest) => Promise<LaneResponse>;

const HOP_BY_HOP = new Set([
  // Names a server that the browser would reach past the lane, over QUIC.
  'alt-svc',
  'connection',
  // Node.js has responded to it with 100.
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The fields of a message that may be forwarded.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1
 */
export function endToEndFields(
  fields: Readonly<Record<string, string | string[] | undefined>>,
): HeaderFields {
  const kept: HeaderFields = Object.create(null);
  const { connection } = fields;
  const named = connection === undefined ? undefined : listedNames(connection);
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined || name.startsWith(':') || HOP_BY_HOP.has(name) || named?.has(name)) continue;
    kept[name] = value;
  }
  return kept;
}

function listedNames(connection: string | string[]): Set<string> {
  const names = String(connection)
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return new Set(names);
}
