import type { Engine } from './engine.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * The engine at a host and port, as a client addressed it. A client on the engines' own host may use
 * `localhost` whatever ENGINE_HOST is, so a loopback name matches if only one engine has the port.
 */
export function findEngineByAddress(
  engines: readonly Engine[],
  host: string,
  port: number,
): Engine | undefined {
  const atPort = engines.filter(({ ports }) => ports.hostHttp === port);
  const exact = atPort.find((engine) => engine.host === host);
  return exact ?? (atPort.length === 1 && LOOPBACK.has(host) ? atPort[0] : undefined);
}
