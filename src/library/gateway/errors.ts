/**
 * Why the gateway itself responds to a request, in the words of RFC 9209 where it has one.
 * @see https://www.rfc-editor.org/rfc/rfc9209.html#section-2.3
 */
export type GatewayErrorCode =
  | 'destination_ip_prohibited'
  | 'http_request_denied'
  | 'http_request_error'
  | 'misdirected_request'
  | 'dns_error'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'tls_certificate_error'
  | 'tls_protocol_error'
  | 'http_response_timeout'
  | 'http_response_incomplete'
  | 'http_protocol_error'
  | 'proxy_internal_error'
  | 'offline_miss';

const STATUS: Record<GatewayErrorCode, number> = {
  destination_ip_prohibited: 403,
  http_request_denied: 403,
  http_request_error: 400,
  misdirected_request: 421,
  dns_error: 502,
  connection_refused: 502,
  connection_terminated: 502,
  connection_timeout: 504,
  tls_certificate_error: 502,
  tls_protocol_error: 502,
  http_response_timeout: 504,
  http_response_incomplete: 502,
  http_protocol_error: 502,
  proxy_internal_error: 500,
  offline_miss: 504,
};

/** A request that the gateway refuses or cannot complete. The browser gets a page that says why. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** The reason, as in the response's `Proxy-Status` field. */
  readonly code: GatewayErrorCode;
  /** URL that was missing, without redacted parameters; only with the code `offline_miss`. */
  readonly url: string | undefined;

  constructor(code: GatewayErrorCode, message: string, options: ErrorOptions & { url?: string } = {}) {
    super(message, options);
    this.code = code;
    this.url = options.url;
  }

  /** Status of the response that the browser gets. */
  get status(): number {
    return STATUS[this.code];
  }
}

/** Codes of Node.js, OpenSSL and undici that have a more precise meaning than `connection_refused`. */
const BY_CODE: Record<string, GatewayErrorCode> = {
  ENOTFOUND: 'dns_error',
  EAI_AGAIN: 'dns_error',
  EAI_NODATA: 'dns_error',
  ECONNRESET: 'connection_terminated',
  EPIPE: 'connection_terminated',
  UND_ERR_SOCKET: 'connection_terminated',
  ETIMEDOUT: 'connection_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connection_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'http_response_timeout',
  UND_ERR_BODY_TIMEOUT: 'http_response_timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'http_response_incomplete',
  UND_ERR_RESPONSE: 'http_protocol_error',
};

const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Describes a failure of the request to the origin. */
export function toGatewayError(error: unknown, url: string): GatewayError {
  if (error instanceof GatewayError) return error;
  const cause = firstCause(error);
  if (cause instanceof GatewayError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const kind: GatewayErrorCode = CERTIFICATE.test(code)
    ? 'tls_certificate_error'
    : (BY_CODE[code] ??
      (/^ERR_SSL|^EPROTO/.test(code)
        ? 'tls_protocol_error'
        : cause.name === 'HTTPParserError'
          ? 'http_protocol_error'
          : 'connection_refused'));
  return new GatewayError(kind, `${originOf(url)} ${DESCRIPTIONS[kind] ?? 'failed'}: ${message}`, { cause });
}

const DESCRIPTIONS: Partial<Record<GatewayErrorCode, string>> = {
  dns_error: 'has no address',
  connection_refused: 'cannot be reached',
  connection_terminated: 'closed the connection',
  connection_timeout: 'did not accept a connection in time',
  tls_certificate_error: 'has a certificate that cannot be verified',
  tls_protocol_error: 'failed the TLS handshake',
  http_response_timeout: 'did not respond in time',
  http_response_incomplete: 'sent an incomplete response',
  http_protocol_error: 'sent an invalid response',
};

/** With several addresses, Node.js reports an AggregateError: the first failure says most. */
function firstCause(error: unknown): Error {
  let current = error;
  for (let depth = 0; depth < 4; depth += 1) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else if (current instanceof Error && current.cause instanceof Error && !('code' in current))
      current = current.cause;
    else break;
  }
  return current instanceof Error ? current : new Error(String(current));
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? 'the origin';
}
