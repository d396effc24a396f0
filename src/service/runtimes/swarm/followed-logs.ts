import { setTimeout as delay } from 'node:timers/promises';

/** Time for the last lines of an engine that has ended to arrive. */
const DRAIN_MS = 1000;

/** Ends the logs that are followed when their engine ends. Swarm itself waits for a next task of the service. */
export class FollowedLogs {
  readonly #readers = new Map<string, Set<() => void>>();

  /** Yields the log of an engine until shortly after its end. */
  async *untilEnd(id: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const readers = this.#readers.get(id) ?? new Set();
    this.#readers.set(id, readers.add(end));
    const drained = ended.then(() => delay(DRAIN_MS, 'ended' as const, { ref: false }));
    const iterator = bytes[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), drained]);
        if (next === 'ended' || next.done) return;
        yield next.value;
      }
    } finally {
      readers.delete(end);
      if (readers.size === 0) this.#readers.delete(id);
      // Not awaited: a read in progress would delay it.
      void iterator.return?.()?.catch(() => {});
    }
  }

  /** An engine has ended. */
  end(id: string): void {
    for (const end of this.#readers.get(id) ?? []) end();
  }
}
