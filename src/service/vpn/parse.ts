import { isIP } from 'node:net';

/** Gluetun's words for the state of its tunnel. None of them says that traffic flows. */
const TUNNEL_STATES = ['starting', 'running', 'stopping', 'stopped', 'crashed', 'completed'] as const;

/** State of the tunnel, in Gluetun's words. */
export type TunnelState = (typeof TUNNEL_STATES)[number];

/** Public address of the VPN's exit, as Gluetun detected it. */
export interface PublicAddress {
  /** IPv4 or IPv6 address. */
  ip: string;
  /** Country of the address, or null if unknown. */
  country: string | null;
  /** Region of the address, or null if unknown. */
  region: string | null;
  /** City of the address, or null if unknown. */
  city: string | null;
}

/**
 * Parses `{"status": "running"}`.
 * @throws Error if the body has no known status
 */
export function parseTunnelState(body: unknown): TunnelState {
  const { status } = properties(body);
  const state = TUNNEL_STATES.find((known) => known === status);
  if (state === undefined) throw new Error(`unknown tunnel status: ${excerpt(body)}`);
  return state;
}

/**
 * Parses `{"port": 5914}`, `{"ports": [5914, 5915]}` or both. Of several ports, the first is used.
 * @returns null if no port is forwarded, which Gluetun shows as port 0, an empty list or a null list
 * @throws Error if the body has neither field, or an invalid port
 */
export function parseForwardedPort(body: unknown): number | null {
  const { port, ports } = properties(body);
  const candidates = [...(Array.isArray(ports) ? ports : []), ...(port === undefined ? [] : [port])];
  const hasField = candidates.length > 0 || Array.isArray(ports) || ports === null;
  if (!hasField || !candidates.every(isPortOrZero))
    throw new Error(`invalid forwarded port: ${excerpt(body)}`);
  return candidates.find((candidate) => candidate !== 0) ?? null;
}

/**
 * Parses `{"public_ip": "203.0.113.7", "country": …}`. All fields but the address are optional.
 * @returns null if the address is empty: Gluetun has not detected it yet
 * @throws Error if the address is missing or invalid
 */
export function parsePublicAddress(body: unknown): PublicAddress | null {
  const { public_ip: ip, country, region, city } = properties(body);
  if (ip === '') return null;
  if (typeof ip !== 'string' || isIP(ip) === 0) throw new Error(`invalid public address: ${excerpt(body)}`);
  return { ip, country: textOrNull(country), region: textOrNull(region), city: textOrNull(city) };
}

function properties(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function isPortOrZero(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function excerpt(body: unknown): string {
  return JSON.stringify(body).slice(0, 100);
}
