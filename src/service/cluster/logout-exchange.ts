import type { RedisLink } from '../../library/redis/index.ts';
import { Synchronization } from './synchronization.ts';

/** How many tokens are read: those that expire last. */
const MAX_READ = 10_000;
/** Longer than a token is valid. */
const KEPT_S = 31 * 24 * 3600;

/**
 * Adds revoked tokens, and announces it if some are new. The time is that of Redis: with different clocks, one
 * orchestrator would remove what another one adds.
 * KEYS: revoked ids by their expiry, channel. ARGV: how many to return, how long to keep them in seconds, then the expiry
 * and the id of each token. Returns ids and expiries.
 */
const EXCHANGE = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local added = 0
for i = 3, #ARGV, 2 do
  if tonumber(ARGV[i]) > now then added = added + redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
if added > 0 then redis.call('PUBLISH', KEYS[2], 'changed') end
return redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')
`;

/** Tokens that were revoked before they expire: their ids, with the expiry in seconds since the epoch. */
export interface RevokedTokens {
  /** Those of this orchestrator. */
  readonly revoked: ReadonlyMap<string, number>;
  /** Adds those of other orchestrators. Values that are not valid are ignored. */
  adopt(revoked: ReadonlyMap<string, number>): void;
  /** Calls a function after each token that is revoked here. @returns a function that ends it */
  onRevoke(listener: () => void): () => void;
}

/** Shares with all orchestrators over the same Redis who has logged out: they have the same API key and cookies. */
export class LogoutExchange {
  readonly #link: RedisLink;
  readonly #tokens: RevokedTokens;
  readonly #keys: readonly [set: string, channel: string];
  readonly #sync: Synchronization;
  #unsubscribe = () => {};

  /** @param options.onError called when a synchronization fails while Redis is connected */
  constructor(options: { link: RedisLink; tokens: RevokedTokens; onError: (error: unknown) => void }) {
    const { link, tokens, onError } = options;
    this.#link = link;
    this.#tokens = tokens;
    this.#keys = [`${link.prefix}:{logouts}:revoked`, `${link.prefix}:{logouts}:changes`];
    const synchronize = () => this.#synchronize();
    this.#sync = new Synchronization({ link, channel: this.#keys[1], synchronize, onError });
  }

  /** Begins to publish and to receive. */
  start(): void {
    this.#unsubscribe = this.#tokens.onRevoke(() => this.#sync.trigger());
    this.#sync.start();
  }

  /** Ends publishing and receiving. The link stays open. */
  close(): void {
    this.#unsubscribe();
    this.#sync.close();
  }

  async #synchronize(): Promise<void> {
    const own = [...this.#tokens.revoked].flatMap(([id, expiry]) => [String(expiry), id]);
    const limits = [String(MAX_READ), String(KEPT_S)];
    const reply = await this.#link.send(['EVAL', EXCHANGE, '2', ...this.#keys, ...limits, ...own]);
    const fields = Array.isArray(reply) ? reply.map(String) : [];
    const revoked = new Map<string, number>();
    for (let index = 0; index < fields.length; index += 2)
      revoked.set(fields[index]!, Number(fields[index + 1]));
    this.#tokens.adopt(revoked);
  }
}
