import { RoundhouseError } from '../errors.ts';

/** Ports handed out and not yet returned. Taking one is a single synchronous act: no two callers get the same. */
export class PortPool {
  readonly #first: number;
  readonly #last: number;
  readonly #reserved = new Set<number>();
  readonly #inUse: () => Iterable<number>;
  #next: number;

  /** @param inUse the ports of engines that run, asked anew each time. */
  constructor(range: { first: number; last: number }, inUse: () => Iterable<number>) {
    this.#first = range.first;
    this.#last = range.last;
    this.#next = range.first;
    this.#inUse = inUse;
  }

  /** @throws RoundhouseError `port_out_of_range`. */
  assertInRange(port: number): void {
    if (port >= this.#first && port <= this.#last) return;
    throw new RoundhouseError('port_out_of_range', `Port ${port} is not in ${this.#first}-${this.#last}`);
  }

  /**
   * Reserves a free port of the range, or the one wished for.
   * @throws RoundhouseError `port_out_of_range`, `port_taken` or `no_free_port`.
   */
  reserve(wished?: number): number {
    const taken = new Set([...this.#inUse(), ...this.#reserved]);
    const port = wished ?? this.#findFree(taken);
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
  #findFree(taken: ReadonlySet<number>): number {
    const count = this.#last - this.#first + 1;
    for (let step = 0; step < count; step += 1) {
      const port = this.#first + ((this.#next - this.#first + step) % count);
      if (taken.has(port)) continue;
      this.#next = port + 1;
      return port;
    }
    throw new RoundhouseError('no_free_port', `No port is free in ${this.#first}-${this.#last}`);
  }
}
