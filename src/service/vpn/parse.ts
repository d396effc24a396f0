import { isIP } from 'node:net';

/** What Gluetun says of its tunnel. None of these words says that traffic flows. */
const TUNNEL_STATES = ['starting', 'running', 'stopping', 'stopped', 'crashed', 'completed'] as const;
export type TunnelState = (typeof TUNNEL_STATES)[number];

/** Where the VPN comes out, as far as Gluetun knows. */
export interface PublicAddress {
  ip: string;
  country: string | null;
  region: string | null;
  city: string | null;
}

/** Reads `{"status": "running"}`. @throws Error for anything else. */
export function parseTunnelState(answer: unknown): TunnelState {
  const { status } = properties(answer);
  const state = TUNNEL_STATES.find((known) => known === status);
  if (state === undefined) throw new Error(`no known tunnel status: ${excerpt(answer)}`);
  return state;
}

/**
 * Reads `{"port": 5914}`, `{"ports": [5914, 5915]}` or both; of several ports, the first. Null where no
 * port is forwarded, which Gluetun shows as port 0, an empty list or a null list.
 * @throws Error for anything else.
 */
export function parseForwardedPort(answer: unknown): number | null {
  const { port, ports } = properties(answer);
  const candidates = [...(Array.isArray(ports) ? ports : []), ...(port === undefined ? [] : [port])];
  const understood = candidates.length > 0 || Array.isArray(ports) || ports === null;
  if (!understood || !candidates.every(isPortOrZero)) throw new Error(`no port: ${excerpt(answer)}`);
  return candidates.find((candidate) => candidate !== 0) ?? null;
}

/**
 * Reads `{"public_ip": "203.0.113.7", "country": …}`, where all but the address may be missing. Null where
 * the address is empty: Gluetun does not know it yet.
 * @throws Error for anything else.
 */
export function parsePublicAddress(answer: unknown): PublicAddress | null {
  const { public_ip: ip, country, region, city } = properties(answer);
  if (ip === '') return null;
  if (typeof ip !== 'string' || isIP(ip) === 0) throw new Error(`no public address: ${excerpt(answer)}`);
  return { ip, country: textOrNull(country), region: textOrNull(region), city: textOrNull(city) };
}

function properties(answer: unknown): Record<string, unknown> {
  return typeof answer === 'object' && answer !== null ? { ...answer } : {};
}

function isPortOrZero(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function excerpt(answer: unknown): string {
  return JSON.stringify(answer).slice(0, 100);
}
