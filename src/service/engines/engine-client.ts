import { getJson, httpOrigin } from '../http-client/get-json.ts';
import type { EngineIdentity } from './engine.ts';

/** Address of an engine's HTTP API. */
export interface EngineAddress {
  host: string;
  port: number;
}

/**
 * Reads an engine's platform and version (`get_version`).
 * @throws Error for a failed request or a response of another shape
 */
export async function readIdentity(address: EngineAddress, signal: AbortSignal): Promise<EngineIdentity> {
  const result = await call(address, '/webui/api/service?method=get_version', signal);
  const { platform, version } = result as Partial<EngineIdentity>;
  if (typeof platform !== 'string' || typeof version !== 'string')
    throw new Error('get_version: unexpected response');
  return { platform, version };
}

/**
 * Checks that an engine responds to `get_status`.
 * @throws Error for a failed request or a response without a result
 */
export async function checkStatus(address: EngineAddress, signal: AbortSignal): Promise<void> {
  await call(address, '/server/api?api_version=3&method=get_status', signal);
}

async function call(address: EngineAddress, path: string, signal: AbortSignal): Promise<object> {
  const body = (await getJson(httpOrigin(address) + path, { signal })) as { result?: unknown } | null;
  const result = body?.result;
  if (typeof result !== 'object' || result === null) throw new Error(`${path}: no result`);
  return result;
}
