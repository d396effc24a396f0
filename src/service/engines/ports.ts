import type { PortRange } from '../config/values.ts';
import { RoundhouseError } from '../errors.ts';

/** Splits a range into consecutive parts whose sizes differ by at most one port. */
export function splitRange({ first, last }: PortRange, parts: number): PortRange[] {
  const size = last - first + 1;
  const startOf = (part: number) => first + Math.floor((size * part) / parts);
  return Array.from({ length: parts }, (_, part) => ({ first: startOf(part), last: startOf(part + 1) - 1 }));
}

/** Reserves host ports. A reservation is synchronous, so no two callers get the same port. */
export class PortPool {
  readonly #range: PortRange;
  readonly #reserved = new Set<number>();
  readonly #inUse: () => Iterable<number>;
  /** The port at which the next search starts, by the first port of the searched range. */
  readonly #next = new Map<number, number>();

  /** @param inUse returns the ports of running engines; called for each reservation */
  constructor(range: PortRange, inUse: () => Iterable<number>) {
    this.#range = range;
    this.#inUse = inUse;
  }

  /** @throws RoundhouseError `port_out_of_range` */
  assertInRange(port: number): void {
    const { first, last } = this.#range;
    if (port >= first && port <= last) return;
    throw new RoundhouseError('port_out_of_range', `Port ${port} is not in ${first}-${last}`);
  }

  /**
   * Reserves the requested port, or else a free one.
   * @param part the part of the range to search; defaults to the whole range
   * @param foreign ports that other orchestrators have reserved
   * @throws RoundhouseError `port_out_of_range`, `port_taken` or `no_free_port`
   */
  reserve(requested?: number, part: PortRange = this.#range, foreign: Iterable<number> = []): number {
    const taken = new Set([...this.#inUse(), ...this.#reserved, ...foreign]);
    const port = requested ?? this.#findFree(taken, part);
    this.assertInRange(port);
    if (taken.has(port)) throw new RoundhouseError('port_taken', `Port ${port} is in use by another engine`);
    this.#reserved.add(port);
    return port;
  }

  /** Releases reserved ports. The ports of a running engine stay taken, because `inUse` returns them. */
  release(ports: Iterable<number>): void {
    for (const port of ports) this.#reserved.delete(port);
  }

  /** Searches round robin, so that a port just released, which may still be closing, is tried last. */
  #findFree(taken: ReadonlySet<number>, { first, last }: PortRange): number {
    const count = last - first + 1;
    const next = this.#next.get(first) ?? first;
    for (let step = 0; step < count; step += 1) {
      const port = first + ((next - first + step) % count);
      if (taken.has(port)) continue;
      this.#next.set(first, port + 1);
      return port;
    }
    throw new RoundhouseError('no_free_port', `No port is free in ${first}-${last}`);
  }
}
