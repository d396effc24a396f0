import { isIPv6 } from 'node:net';
import type { Clock } from '../../library/cache/index.ts';

/** How many wrong keys a client may send at once, and the interval in which it may then send another one. */
const BURST = 10;
const REFILL_MS = 6000;
/** Clients that are remembered. Above it, the one whose latest wrong key is the oldest is forgotten. */
const MAX_CLIENTS = 10_000;

/**
 * Limits how often a client may send a wrong key. Only failures count, and each address has a limit of its own, so that
 * a client cannot lock out others, unless they have the same address, as behind a reverse proxy.
 */
export class LoginAttempts {
  readonly #clock: Clock;
  /** When the failures of each client will be forgotten, in milliseconds of the clock. */
  readonly #clearAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds until a client may try again, or 0. */
  waitS(address: string): number {
    const clearAt = this.#clearAt.get(clientOf(address)) ?? 0;
    const waitMs = clearAt - this.#clock.now() - (BURST - 1) * REFILL_MS;
    return Math.max(0, Math.ceil(waitMs / 1000));
  }

  /** A client has sent a wrong key. */
  fail(address: string): void {
    const client = clientOf(address);
    const clearAt = Math.max(this.#clearAt.get(client) ?? 0, this.#clock.now()) + REFILL_MS;
    this.#clearAt.delete(client);
    this.#clearAt.set(client, clearAt);
    if (this.#clearAt.size > MAX_CLIENTS) this.#clearAt.delete(this.#clearAt.keys().next().value!);
  }
}

/** The address, or with IPv6 its network of 64 bits: a client usually has all addresses of such a network. */
function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = address.replace(/%.*/, '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? 8 - first.length - last.length : 0;
  return [...first, ...Array<string>(missing).fill('0'), ...last].slice(0, 4).join(':');
}
