import { isIPv6 } from 'node:net';
import type { Clock } from '../../library/cache/index.ts';

/** Wrong keys that one client may send at once, and how often it may send another one then. */
const BURST = 10;
const REFILL_MS = 6000;
/** Clients that are remembered; the longest inactive one is forgotten. */
const MAX_CLIENTS = 10_000;

/**
 * Limits how often a client may send a wrong key. Only failures count, and each client has its own limit, so that nobody
 * can lock others out.
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

/** A client with IPv6 has at least a network of 64 bits. */
function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = address.replace(/%.*/, '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? 8 - first.length - last.length : 0;
  return [...first, ...Array<string>(missing).fill('0'), ...last].slice(0, 4).join(':');
}
