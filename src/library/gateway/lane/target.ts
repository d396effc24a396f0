import { GatewayError } from '../errors.ts';

/** Host and port of a tunnel, as in `CONNECT host:port`. */
export interface TunnelTarget {
  /** In URL syntax: lower case, IPv6 in brackets, IPv4 in dotted decimal. */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Parses the target of CONNECT. The URL parser turns other notations of IPv4 addresses, such as `0x7f.1`, into
 * dotted decimal, so that they are checked as what they are.
 * @throws GatewayError if it is not `host:port`
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.6
 */
export function parseAuthority(text: string | undefined): TunnelTarget {
  const [, port] = /^[^/?#@\\]+:(\d{1,5})$/.exec(text ?? '') ?? [];
  const url = port === undefined ? null : URL.parse(`http://${text}`);
  if (!url || Number(port) === 0) {
    throw new GatewayError('http_request_error', `CONNECT needs host:port, not ${JSON.stringify(text)}.`);
  }
  return { hostname: url.hostname, port: Number(port) };
}

/**
 * The URL of a request in a tunnel. It always has the host that the tunnel was opened for.
 * @param authority the Host field or the `:authority` pseudo-header field
 * @throws GatewayError if the request is for another host, or malformed
 */
export function tunnelledUrl(
  scheme: 'http' | 'https',
  target: TunnelTarget,
  authority: string | undefined,
  path: string,
): string {
  const origin = new URL(`${scheme}://${target.hostname}:${target.port}`).origin;
  if (authority !== undefined && URL.parse(`${scheme}://${authority}`)?.origin !== origin) {
    throw new GatewayError('misdirected_request', `This connection is for ${origin}, not for ${authority}.`);
  }
  if (!path.startsWith('/')) {
    throw new GatewayError('http_request_error', 'The request target is not a path.');
  }
  return withoutFragment(`${origin}${path}`);
}

/**
 * The URL of a request to a proxy, which must be absolute.
 * @throws GatewayError for other forms: a proxy has no pages of its own
 * @see https://www.rfc-editor.org/rfc/rfc9112.html#section-3.2
 */
export function absoluteUrl(target: string): string {
  if (!/^http:\/\//i.test(target)) {
    throw new GatewayError(
      'http_request_error',
      'This is a proxy for browsers. It accepts CONNECT and absolute http: URLs only.',
    );
  }
  return withoutFragment(target);
}

function withoutFragment(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') {
    throw new GatewayError('http_request_error', 'The URL of the request is malformed.');
  }
  url.hash = '';
  return url.href;
}
