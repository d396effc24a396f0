import { RoundhouseError } from '../errors.ts';

export interface PortRange {
  first: number;
  last: number;
}

/** Parts of a range, in order, of sizes as equal as can be. */
export function splitRange({ first, last }: PortRange, parts: number): PortRange[] {
  const size = last - first + 1;
  const startOf = (part: number) => first + Math.floor((size * part) / parts);
  return Array.from({ length: parts }, (_, part) => ({ first: startOf(part), last: startOf(part + 1) - 1 }));
}

/** Ports handed out and not yet returned. Taking one is a single synchronous act: no two callers get the same. */
export class PortPool {
  readonly #range: PortRange;
  readonly #reserved = new Set<number>();
  readonly #inUse: () => Iterable<number>;
  /** Where to look next, by the first port of the range that is looked through. */
  readonly #next = new Map<number, number>();

  /** @param inUse the ports of engines that run, asked anew each time. */
  constructor(range: PortRange, inUse: () => Iterable<number>) {
    this.#range = range;
    this.#inUse = inUse;
  }

  /** @throws RoundhouseError `port_out_of_range`. */
  assertInRange(port: number): void {
    const { first, last } = this.#range;
    if (port >= first && port <= last) return;
    throw new RoundhouseError('port_out_of_range', `Port ${port} is not in ${first}-${last}`);
  }

  /**
   * Reserves a free port of the range, or of a part of it, or the one wished for.
   * @throws RoundhouseError `port_out_of_range`, `port_taken` or `no_free_port`.
   */
  reserve(wished?: number, part: PortRange = this.#range): number {
    const taken = new Set([...this.#inUse(), ...this.#reserved]);
    const port = wished ?? this.#findFree(taken, part);
    this.assertInRange(port);
    if (taken.has(port)) throw new RoundhouseError('port_taken', `Port ${port} is in use by another engine`);
    this.#reserved.add(port);
    return port;
  }

  /** Gives ports back; an engine that runs keeps its own out of reach through `inUse`. */
  release(ports: Iterable<number>): void {
    for (const port of ports) this.#reserved.delete(port);
  }

  /** Goes round the range, so that a port just given up, which may still be closing, is tried last. */
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
