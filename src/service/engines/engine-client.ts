import { getJson, httpOrigin } from '../http-client/get-json.ts';
import type { EngineIdentity } from './engine.ts';

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

async function call(address: EngineAddress, path: string, signal: AbortSignal): Promise<object> {
  const answer = (await getJson(httpOrigin(address) + path, { signal })) as { result?: unknown } | null;
  const result = answer?.result;
  if (typeof result !== 'object' || result === null) throw new Error(`${path}: no result`);
  return result;
}
