import { request } from 'undici';
import { agent } from './agent.ts';

/** The response has a status other than 200. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  /** HTTP status code. */
  readonly status: number;

  constructor(url: string, status: number) {
    super(`GET ${url} failed with status ${status}`);
    this.status = status;
  }
}

/**
 * Fetches JSON of at most 64 KiB. Does not follow redirects, which could lead to any address. The body of an
 * error response stays unread until `signal` is aborted, which `withinDeadline` does.
 * @throws StatusError if the status is not 200
 * @throws Error if the request fails or the body is not valid JSON
 */
export async function getJson(
  url: string,
  { signal, headers = {} }: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<unknown> {
  const { statusCode, body } = await request(url, { dispatcher: agent, headers, signal });
  if (statusCode !== 200) throw new StatusError(url, statusCode);
  return body.json();
}

/** Returns the `http:` origin of a host name, IPv4 or IPv6 address and a port. */
export function httpOrigin({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
