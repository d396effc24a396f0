import { request } from 'undici';
import { agent } from './agent.ts';

/** The response to a {@link postJson}. */
export interface PostReply {
  /** HTTP status code. */
  status: number;
  /** Value of `Retry-After` in seconds; null if there is none, or if it is a date. */
  retryAfterS: number | null;
}

/**
 * Posts JSON. Does not follow redirects, which could lead to any address, and does not read the body of the response.
 * @throws Error if there is no response
 */
export async function postJson(
  url: string,
  value: object,
  { signal, headers = {} }: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<PostReply> {
  const reply = await request(url, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(value),
    signal,
  });
  await reply.body.dump();
  const after = String(reply.headers['retry-after'] ?? '');
  return { status: reply.statusCode, retryAfterS: /^\d{1,6}$/.test(after) ? Number(after) : null };
}
