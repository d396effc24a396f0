import type { CacheTotals } from '../cache/index.ts';
import {
  jsonCodec,
  type LinkState,
  type RedisClientLike,
  type RedisCounters,
  RedisLink,
  RedisUnavailableError,
  TieredByteStore,
  TieredCache,
} from '../redis/index.ts';
import { isStoredResult, type StoredResult } from '../result-cache/index.ts';
import type { CacheSettings } from './settings.ts';

/**
 * The default of REDIS_SOCKET_TIMEOUT is 10 s, for slow networks. A caller should not wait that long for each value while
 * Redis hangs: the source is faster.
 */
const READ_TIMEOUT_MS = 1000;

/** State of one store, with memory (L1) in front of Redis (L2). */
export interface StoreStats {
  /** State of its connection to Redis. */
  readonly link: LinkState;
  /** Whether invalidations of other processes are being received. */
  readonly connected: boolean;
  /** Counts of entries in memory and of reads from it. */
  readonly memory: CacheTotals;
  /** Counts of the calls to Redis. */
  readonly redis: Readonly<RedisCounters>;
}

/** Options of {@link Stores}. */
export interface StoresOptions {
  settings: CacheSettings;
  prefix: string;
  client: RedisClientLike | undefined;
  onError: (error: unknown, subject: string) => void;
}

/**
 * The stores of responses and of results, each with memory in front of Redis. Redis replies to the commands of a
 * connection in order, so each store has its own: the body of a response never delays a result of a few bytes.
 */
export class Stores implements AsyncDisposable {
  readonly responses: TieredByteStore;
  readonly results: TieredCache<StoredResult>;
  readonly #links: { responses: RedisLink; results: RedisLink };

  constructor({ settings, prefix, client, onError }: StoresOptions) {
    const openLink = (subject: string) =>
      new RedisLink({
        ...(client ? { client } : { url: settings.redisUrl }),
        prefix,
        commandTimeoutMs: settings.redisTimeoutS * 1000,
        readTimeoutMs: Math.min(READ_TIMEOUT_MS, settings.redisTimeoutS * 1000),
        connectTimeoutMs: settings.redisConnectTimeoutS * 1000,
        keepAlive: settings.redisKeepAlive,
        heartbeatMs: settings.redisHealthCheckIntervalS * 1000,
        onLost: (cause) => onError(cause, subject),
      });
    // The link reports an outage once. Its commands would report it again each time.
    const onCommandError = (error: unknown, key: string) => {
      if (!(error instanceof RedisUnavailableError)) onError(error, key);
    };
    this.#links = { responses: openLink('Redis for responses'), results: openLink('Redis for results') };
    const { responses, results } = this.#links;
    this.responses = new TieredByteStore(responses, { namespace: 'http', onError: onCommandError });
    this.results = new TieredCache(results, {
      namespace: 'results',
      codec: jsonCodec(isStoredResult),
      onError: onCommandError,
    });
  }

  /** State of both stores. */
  stats(): { responses: StoreStats; results: StoreStats } {
    return {
      responses: storeStats(this.#links.responses, this.responses),
      results: storeStats(this.#links.results, this.results),
    };
  }

  /** Waits until Redis has what was stored, or its commands have timed out, and closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.responses[Symbol.asyncDispose](), this.results[Symbol.asyncDispose]()]);
    this.#links.responses.close();
    this.#links.results.close();
  }
}

function storeStats(link: RedisLink, store: Stores['responses'] | Stores['results']): StoreStats {
  return {
    link: link.state,
    connected: store.connected,
    memory: store.totals(),
    redis: store.redisTotals(),
  };
}
