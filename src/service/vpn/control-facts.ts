import type { Cache } from '../../library/cache/index.ts';
import { CacheClosedError, cacheKey } from '../../library/cache/index.ts';
import { type ControlServer, RefusedError } from './control-server.ts';
import type { PublicAddress, TunnelState } from './parse.ts';

/** One run of the VPN: what was learnt of one says nothing about the next. */
export interface VpnInstance {
  /** Where its control server is, or null where it cannot be reached. */
  controlUrl: string | null;
  /** The container; null where there is no Docker to ask. */
  containerId: string | null;
  startedAt: number | null;
}

/**
 * What the control server tells, asked for through the cache. Every answer is kept, "no port" and "will not
 * tell" included: asking again at each read fills Gluetun's log and slows every poll. A failure is not kept:
 * the last answer of the same run stands in for as long as the cache lets it, then null. One reader waits
 * for a server that fails; those after it get null at once until it answers again.
 */
export class ControlFacts {
  readonly #name: string;
  readonly #cache: Cache;
  readonly #server: ControlServer;
  readonly #ttlS: number;
  readonly #onError: (error: unknown) => void;
  /** Facts whose last load failed. */
  readonly #failing = new Set<string>();
  /** For each fact, the key under which a reader last waited in vain: no answer is there to stand in. */
  readonly #silent = new Map<string, string>();

  /** @param options.name keeps the facts of several VPNs apart where no container id does. */
  constructor(options: {
    name: string;
    cache: Cache;
    server: ControlServer;
    ttlS: number;
    onError: (error: unknown) => void;
  }) {
    this.#name = options.name;
    this.#cache = options.cache;
    this.#server = options.server;
    this.#ttlS = options.ttlS;
    this.#onError = options.onError;
  }

  forwardedPort(run: VpnInstance, signal: AbortSignal): Promise<number | null> {
    return this.#read('port', run, this.#ttlS, signal, (url, inTime) =>
      this.#server.forwardedPort(url, inTime),
    );
  }

  publicAddress(run: VpnInstance, signal: AbortSignal): Promise<PublicAddress | null> {
    return this.#read('publicip', run, this.#ttlS, signal, (url, inTime) =>
      this.#server.publicAddress(url, inTime),
    );
  }

  /** Asked anew at each read, since nobody else tells of a change; the cache only bridges failures. */
  tunnelState(run: VpnInstance, signal: AbortSignal): Promise<TunnelState | null> {
    return this.#read('tunnel', run, 0, signal, (url, inTime) => this.#server.tunnelState(url, inTime));
  }

  async #read<T>(
    name: string,
    run: VpnInstance,
    ttlS: number,
    signal: AbortSignal,
    ask: (controlUrl: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const { controlUrl, containerId, startedAt } = run;
    if (controlUrl === null) return null;
    const key = cacheKey('vpn', name, this.#name, containerId, startedAt);
    const load = (inTime: AbortSignal) => this.#noting(name, () => ask(controlUrl, inTime));
    try {
      const read = this.#cache.read<T | null>(key, load, { ttlS, signal });
      const mayWait = this.#silent.get(name) !== key;
      if (read instanceof Promise && !mayWait) {
        // The load goes on for a later reader: an unreachable server must not cost each of them a deadline.
        read.catch(() => {});
        return null;
      }
      return (await read).value;
    } catch {
      // Reported where it arose; only the reader's own giving up goes further.
      signal.throwIfAborted();
      this.#silent.set(name, key);
      return null;
    }
  }

  /** Reports the first failure of a streak, and takes a refusal for the answer that it is. */
  async #noting<T>(name: string, ask: () => Promise<T>): Promise<T | null> {
    try {
      const answer = await ask();
      this.#failing.delete(name);
      this.#silent.delete(name);
      return answer;
    } catch (error) {
      const isNews = !this.#failing.has(name) && !(error instanceof CacheClosedError);
      this.#failing.add(name);
      if (isNews) this.#onError(error);
      if (error instanceof RefusedError) return null;
      throw error;
    }
  }
}
