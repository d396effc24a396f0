import { randomUUID } from 'node:crypto';
import type { RedisReply } from '../../redis/connection.ts';
import type { RedisLink } from '../../redis/index.ts';
import { Script } from '../../redis/script.ts';
import { SessionLockedError, StorageError } from '../errors.ts';
import type { SessionKeys } from '../keys.ts';
import { pause } from '../pause.ts';
import { whenConnected } from '../when-connected.ts';
import type { Lease, LeaseManager } from './lease.ts';
import { ownIdentity } from './process-identity.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** Longer than a call of a driver may take. */
const LOCK_MS = 60_000;
const LOCK_WAIT_MS = 20_000;
const LOCK_RETRY_MS = 20;

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

/** Releases a lock. KEYS: lock. ARGV: token. @returns 0 if it has expired */
const UNLOCK = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);

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
    const run = (script: Script) => this.#send(() => script.run(this.#link, names, args));
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
      renewBeforeCommit: true,
      isConfirmedBy: () => true,
      renew: async () => (await run(RENEW)) === 1,
      release: async () => {
        await run(RELEASE);
      },
    };
  }

  async exclusive<T>(name: string, call: () => Promise<T>): Promise<T> {
    const key = `${this.#link.prefix}:{lock:${name}}`;
    const token = randomUUID();
    const { clock } = this.#link;
    const deadline = clock.now() + LOCK_WAIT_MS;
    const set = ['SET', key, token, 'NX', 'PX', String(LOCK_MS)];
    while ((await this.#send(() => this.#link.send(set))) === null) {
      if (clock.now() > deadline)
        throw new StorageError(`another process holds the lock of ${name}`, { transient: true });
      await pause(clock, LOCK_RETRY_MS);
    }
    let result: T;
    try {
      result = await call();
    } catch (error) {
      await this.#unlock(key, token).catch(() => {});
      throw error;
    }
    if (await this.#unlock(key, token)) return result;
    throw new StorageError(`the lock of ${name} has expired before the call ended`, { transient: true });
  }

  async #unlock(key: string, token: string): Promise<boolean> {
    return (await this.#send(() => UNLOCK.run(this.#link, [key], [token]))) === 1;
  }

  /** @throws StorageError if Redis does not answer */
  async #send(send: () => Promise<RedisReply>): Promise<RedisReply> {
    if (!(await whenConnected(this.#link, CONNECT_TIMEOUT_MS))) throw unavailable();
    return await send().catch((cause) => {
      throw unavailable(cause);
    });
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
