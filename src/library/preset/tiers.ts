import type { CacheTotals } from '../cache/index.ts';
import {
  type LinkState,
  RedisAwayError,
  type RedisCounters,
  RedisLink,
  TieredByteStore,
  TieredCache,
} from '../redis/index.ts';
import type { Boxed } from '../result-cache/index.ts';
import type { CacheSettings } from './settings.ts';

/** One cache over both of its tiers. */
export interface TierStats {
  /** `closed`: Redis is used. `open` and `half_open`: it is away, or not yet there. */
  readonly redis: LinkState;
  /** Whether what other processes change is heard of now. */
  readonly connected: boolean;
  readonly memory: CacheTotals;
  readonly shared: Readonly<RedisCounters>;
}

/**
 * Memory in front of Redis, for responses and for results. Commands share a connection, and answers come in
 * the order in which they were asked for: each of the two has its own, so that a result of a few bytes never
 * waits behind the body of a response.
 */
export class Tiers implements AsyncDisposable {
  readonly responses: TieredByteStore;
  readonly results: TieredCache<Boxed>;
  readonly #links: { responses: RedisLink; results: RedisLink };

  constructor(settings: CacheSettings, prefix: string, onError: (error: unknown, about: string) => void) {
    const link = (about: string) =>
      new RedisLink({
        url: settings.redisUrl,
        prefix,
        commandTimeoutMs: settings.redisTimeoutS * 1000,
        connectTimeoutMs: settings.redisConnectTimeoutS * 1000,
        keepAlive: settings.redisKeepAlive,
        heartbeatMs: settings.redisHealthCheckIntervalS * 1000,
        onLost: (cause) => onError(cause, about),
      });
    // That Redis is away is told as it is lost, not once more by every call.
    const onFault = (error: unknown, key: string) => {
      if (!(error instanceof RedisAwayError)) onError(error, key);
    };
    this.#links = { responses: link('Redis for responses'), results: link('Redis for results') };
    this.responses = new TieredByteStore(this.#links.responses, { namespace: 'http', onError: onFault });
    this.results = new TieredCache<Boxed>(this.#links.results, { namespace: 'results', onError: onFault });
  }

  stats(): { responses: TierStats; results: TierStats } {
    const { responses, results } = this;
    const one = (redis: LinkState, cache: typeof responses | typeof results): TierStats => ({
      redis,
      connected: cache.connected,
      memory: cache.totals(),
      shared: cache.tierTotals(),
    });
    return {
      responses: one(this.#links.responses.state, responses),
      results: one(this.#links.results.state, results),
    };
  }

  /** Waits until Redis has what was stored, within the deadline of a command. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.responses[Symbol.asyncDispose](), this.results[Symbol.asyncDispose]()]);
    this.#links.responses.close();
    this.#links.results.close();
  }
}
