import { request } from 'undici';
import type { EngineIdentity } from './engine.ts';

const LARGEST_ANSWER = 64 * 1024;

/** Where an engine's HTTP API is. */
export interface EngineAddress {
  host: string;
  port: number;
}

/**
 * Asks an engine what it is (`get_version`).
 * @throws Error if it answers with anything but the documented shape.
 */
export async function readIdentity(address: EngineAddress, signal: AbortSignal): Promise<EngineIdentity> {
  const result = await call(address, '/webui/api/service?method=get_version', signal);
  const { platform, version } = result as Partial<EngineIdentity>;
  if (typeof platform !== 'string' || typeof version !== 'string')
    throw new Error('get_version: unknown shape');
  return { platform, version };
}

/** Asks an engine whether it works (`get_status`). @throws Error if it does not say so. */
export async function checkStatus(address: EngineAddress, signal: AbortSignal): Promise<void> {
  await call(address, '/server/api?api_version=3&method=get_status', signal);
}

async function call({ host, port }: EngineAddress, path: string, signal: AbortSignal): Promise<object> {
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { statusCode, body } = await request(`${origin}${path}`, { signal });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER) throw new Error(`${path}: answer too long`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`${path}: status ${statusCode}`);
  const { result } = JSON.parse(Buffer.concat(chunks).toString()) as { result?: unknown };
  if (typeof result !== 'object' || result === null) throw new Error(`${path}: no result`);
  return result;
}
