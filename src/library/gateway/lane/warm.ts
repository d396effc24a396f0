import type { Responder } from '../message.ts';

/** Deadline of a request that warms the store. */
const WARM_TIMEOUT_MS = 120_000;
/** Those of Chromium for scripts, which decide what a varying response is kept for. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br, zstd' };

/**
 * Requests URLs so that their responses are kept.
 * @returns the URLs whose request failed, or whose response has a status of 400 or more
 */
export async function warmUrls(
  respond: Responder,
  urls: Iterable<string> | AsyncIterable<string>,
  concurrency: number,
): Promise<string[]> {
  const failed: string[] = [];
  const waiting: string[] = [];
  for await (const url of urls) waiting.push(url);
  const work = async () => {
    for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
      if (!(await warmUrl(respond, url))) failed.push(url);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return failed;
}

async function warmUrl(respond: Responder, url: string): Promise<boolean> {
  try {
    const { status, body, onSent } = await respond({
      url: new URL(url).href,
      method: 'GET',
      headers: HEADERS,
      body: undefined,
      signal: AbortSignal.timeout(WARM_TIMEOUT_MS),
    });
    if (!(body instanceof Uint8Array)) for await (const _chunk of body);
    // None of it was sent to a browser.
    onSent?.(0);
    return status < 400;
  } catch {
    return false;
  }
}
