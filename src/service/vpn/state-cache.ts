import type { CacheRead, LoadingCache } from '../../library/cache/index.ts';
import type { VpnFleet } from './fleet.ts';
import type { VpnState } from './state.ts';

/** Key of the state. Domain events invalidate it as `vpn:*`. */
export const VPN_STATE_KEY = 'vpn:status';

/** The state of all VPNs, cached. All readers share one entry, and so one load and one age. */
export class VpnStateCache {
  readonly #fleet: VpnFleet;
  readonly #cache: LoadingCache;
  readonly #ttlS: number;

  /** @param options.ttlS how long a loaded state is fresh, in seconds */
  constructor(options: { fleet: VpnFleet; cache: LoadingCache; ttlS: number }) {
    this.#fleet = options.fleet;
    this.#cache = options.cache;
    this.#ttlS = options.ttlS;
  }

  /**
   * Reads the state with its age and the cache outcome. A cached state is returned without a promise.
   * Every hit of one entry returns the same frozen object.
   * @throws as {@link VpnFleet.readState}, if no earlier state may be served instead
   */
  read(): CacheRead<VpnState> | Promise<CacheRead<VpnState>> {
    return this.#cache.read(VPN_STATE_KEY, this.#load, { ttlS: this.#ttlS });
  }

  /**
   * Reads the state.
   * @throws as {@link read}
   */
  async get(): Promise<VpnState> {
    return (await this.read()).value;
  }

  /** The cached state, or undefined. Neither loads nor counts as a read. */
  peek(): VpnState | undefined {
    return this.#cache.peek<VpnState>(VPN_STATE_KEY)?.value;
  }

  readonly #load = (signal: AbortSignal): Promise<VpnState> => this.#fleet.readState(signal);
}
