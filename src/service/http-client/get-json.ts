import { Agent, request } from 'undici';

/** Real answers of engines and of Gluetun are under 2 kB. */
const MAX_ANSWER = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5000;

const agent = new Agent({
  // Every address is asked every few seconds at most: a kept connection would only be one that the other side
  // may have dropped.
  pipelining: 0,
  maxResponseSize: MAX_ANSWER,
  connect: { timeout: CONNECT_TIMEOUT_MS },
});

/** The answer was there, with a status other than 200. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;

  constructor(url: string, status: number) {
    super(`GET ${url} answers ${status}`);
    this.status = status;
  }
}

/**
 * Reads JSON of at most 64 KiB. Redirects are not followed: they could lead anywhere. The body of a refusal
 * is left unread until `signal` is aborted, which `withinDeadline` does.
 * @throws StatusError, or another Error where nobody answers or the answer is no JSON
 */
export async function getJson(
  url: string,
  { signal, headers = {} }: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<unknown> {
  const { statusCode, body } = await request(url, { dispatcher: agent, headers, signal });
  if (statusCode !== 200) throw new StatusError(url, statusCode);
  return body.json();
}

/** The origin of plain HTTP at a host, by name or address of either family, and a port. */
export function httpOrigin({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
