import { randomUUID } from 'node:crypto';
import type { RedisReply } from '../../redis/connection.ts';
import type { RedisLink } from '../../redis/index.ts';
import { Script } from '../../redis/script.ts';
import { SessionLockedError, StorageError } from '../errors.ts';
import type { SessionKeys } from '../keys.ts';
import { whenConnected } from '../when-connected.ts';
import type { Lease, LeaseManager } from './lease.ts';
import { ownIdentity } from './process-identity.ts';

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Acquires a lease. KEYS: lease, with an expiry; last holder, without. ARGV: token, length in ms, holder as JSON.
 * @returns [1, what the last holder did: "released", its token if it has expired, or null] or [0, remaining ms, holder]
 */
const ACQUIRE = new Script(`
local held = redis.call('HGET', KEYS[1], 'holder')
if held then return { 0, redis.call('PTTL', KEYS[1]), held } end
local last = redis.call('GET', KEYS[2])
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'holder', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
return { 1, last }`);

/** Renews a lease, also after it has expired if nobody has acquired it since. ARGV: as above. */
const RENEW = new Script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'holder', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);

/** KEYS: as above. ARGV: token. */
const RELEASE = new Script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], 'released')
return 1`);

/**
 * Leases in Redis, which judges their expiry by its own clock. If Redis has lost its data, the last holder counts as
 * one that has not released its lease: its next commit fails.
 */
export class RedisLeases implements LeaseManager {
  readonly #link: RedisLink;

  /** @param link connection to Redis; it stays open when the leases are no longer used */
  constructor(link: RedisLink) {
    this.#link = link;
  }

  async acquire(keys: SessionKeys, leaseMs: number): Promise<Lease> {
    const { host, pid } = ownIdentity();
    const base = `${this.#link.prefix}:{${keys.cacheNamespace}}:lease`;
    const names = [base, `${base}:last`];
    const args = [randomUUID(), String(Math.ceil(leaseMs)), JSON.stringify({ host, pid })];
    const run = async (script: Script) => {
      if (!(await whenConnected(this.#link, CONNECT_TIMEOUT_MS))) throw unavailable();
      return await script.run(this.#link, names, args).catch((cause) => {
        throw unavailable(cause);
      });
    };
    const reply = await run(ACQUIRE);
    if (!Array.isArray(reply)) throw unavailable();
    const [acquired, detail, holder] = reply;
    if (acquired !== 1)
      throw new SessionLockedError(
        `${keys.user}/${keys.session}`,
        JSON.parse(String(holder)),
        Number(detail),
      );
    return {
      previous: previousOf(detail),
      isConfirmedBy: () => true,
      renew: async () => (await run(RENEW)) === 1,
      release: async () => {
        await run(RELEASE);
      },
    };
  }
}

function previousOf(last: RedisReply | undefined): Lease['previous'] {
  if (last === null || last === undefined) return 'unknown';
  return String(last) === 'released' ? 'released' : 'expired';
}

function unavailable(cause?: unknown): StorageError {
  return new StorageError('Redis, which holds the leases of sessions, is unavailable', {
    transient: true,
    cause,
  });
}
