import type { Cache } from '../../library/cache/index.ts';
import { CacheClosedError, cacheKey } from '../../library/cache/index.ts';
import { type ControlServer, RefusedError } from './control-server.ts';
import type { PublicAddress, TunnelState } from './parse.ts';

/** One run of a VPN, from a start of its container to the next. Facts of one run do not apply to the next. */
export interface VpnInstance {
  /** Base URL of its control server, or null if it has no address. */
  controlUrl: string | null;
  /** Container id, or null without Docker. */
  containerId: string | null;
  /** Start of the container in milliseconds since the epoch, or null if unknown. */
  startedAt: number | null;
}

/** Options of {@link ControlFacts}. */
export interface ControlFactsOptions {
  /** Name of the VPN. Separates the facts of several VPNs where there are no container ids. */
  name: string;
  /** Where responses are kept. */
  cache: Cache;
  /** Client of the control server. */
  server: ControlServer;
  /** How long the forwarded port and the public address are fresh, in seconds. */
  ttlS: number;
  /** Called on the first of several consecutive failed requests for the same fact. */
  onError: (error: unknown) => void;
}

/** A request to the control server that failed. */
export interface ControlFailure {
  /** What was requested: `tunnel`, `port` or `publicip`. */
  fact: string;
  error: Error;
}

/**
 * Facts from the control server, read through the cache. Every response is cached, "no port" and refusals
 * included: repeating the request on each read fills Gluetun's log and slows down every poll. Failures are
 * not cached: the last response of the same run is served for as long as the cache allows, then null. Only
 * one reader waits for a server that fails; later readers get null at once until it responds again.
 */
export class ControlFacts {
  readonly #name: string;
  readonly #cache: Cache;
  readonly #server: ControlServer;
  readonly #ttlS: number;
  readonly #onError: (error: unknown) => void;
  /** Errors of the facts whose last load failed, by name of the fact. */
  readonly #failing = new Map<string, Error>();
  /** By name of the fact, the cache key whose load last failed with no earlier response to serve. */
  readonly #unanswered = new Map<string, string>();
  #respondedAt: number | null = null;

  constructor(options: ControlFactsOptions) {
    this.#name = options.name;
    this.#cache = options.cache;
    this.#server = options.server;
    this.#ttlS = options.ttlS;
    this.#onError = options.onError;
  }

  /** The latest failure that no response has followed: of the state of the tunnel, if it has failed. */
  get failure(): ControlFailure | null {
    const [fact, error] =
      [...this.#failing].find(([name]) => name === 'tunnel') ?? [...this.#failing][0] ?? [];
    return fact !== undefined && error ? { fact, error } : null;
  }

  /** When the control server last responded with a fact, in milliseconds since the epoch; null if it has not. */
  get respondedAt(): number | null {
    return this.#respondedAt;
  }

  /** The forwarded port. @returns null if there is none or it is unknown */
  forwardedPort(instance: VpnInstance, signal: AbortSignal): Promise<number | null> {
    return this.#read('port', instance, this.#ttlS, signal, (url, loadSignal) =>
      this.#server.forwardedPort(url, loadSignal),
    );
  }

  /** The public address. @returns null if it is unknown */
  publicAddress(instance: VpnInstance, signal: AbortSignal): Promise<PublicAddress | null> {
    return this.#read('publicip', instance, this.#ttlS, signal, (url, loadSignal) =>
      this.#server.publicAddress(url, loadSignal),
    );
  }

  /**
   * The state of the tunnel. Requested on every read, because nothing else reports a change; the cache only
   * bridges failures.
   * @returns null if it is unknown
   */
  tunnelState(instance: VpnInstance, signal: AbortSignal): Promise<TunnelState | null> {
    return this.#read('tunnel', instance, 0, signal, (url, loadSignal) =>
      this.#server.tunnelState(url, loadSignal),
    );
  }

  async #read<T>(
    fact: string,
    instance: VpnInstance,
    ttlS: number,
    signal: AbortSignal,
    request: (controlUrl: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const { controlUrl, containerId, startedAt } = instance;
    if (controlUrl === null) return null;
    const key = cacheKey('vpn', fact, this.#name, containerId, startedAt);
    const load = (loadSignal: AbortSignal) => this.#track(fact, () => request(controlUrl, loadSignal));
    try {
      const read = this.#cache.read<T | null>(key, load, { ttlS, signal });
      const mayWait = this.#unanswered.get(fact) !== key;
      if (read instanceof Promise && !mayWait) {
        // The load continues for later readers: an unreachable server must not cost each reader a full timeout.
        read.catch(() => {});
        return null;
      }
      return (await read).value;
    } catch {
      // #track has reported the error. Only an abort by this reader is passed on.
      signal.throwIfAborted();
      this.#unanswered.set(fact, key);
      return null;
    }
  }

  /** Reports the first of several consecutive failures, and turns a refusal into null, which is cached. */
  async #track<T>(fact: string, request: () => Promise<T>): Promise<T | null> {
    try {
      const value = await request();
      this.#failing.delete(fact);
      this.#respondedAt = Date.now();
      this.#unanswered.delete(fact);
      return value;
    } catch (error) {
      const isFirst = !this.#failing.has(fact) && !(error instanceof CacheClosedError);
      this.#failing.set(fact, error as Error);
      if (isFirst) this.#onError(error);
      if (error instanceof RefusedError) return null;
      throw error;
    }
  }
}
