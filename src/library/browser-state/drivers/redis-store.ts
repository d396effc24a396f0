import { asBuffer } from '../../redis/arguments.ts';
import type { RedisReply } from '../../redis/connection.ts';
import type { RedisLink } from '../../redis/index.ts';
import { Script } from '../../redis/script.ts';
import { BrowserStateError, StorageError } from '../errors.ts';
import type { ListOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { whenConnected } from '../when-connected.ts';

const PAGE_SIZE = 1000;

/**
 * Writes an object and its entry in the index of its group. KEYS: object, index. ARGV: key, bytes, "create" or "put".
 * The time is that of Redis.
 */
const WRITE = new Script(`
if ARGV[3] == 'create' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'bytes', ARGV[2], 'modified', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1`);

/** KEYS: object, index. ARGV: key. */
const DELETE = new Script(`
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1`);

/** Lists a page of a group. KEYS: index. ARGV: first, last, page size, start of the keys of objects. */
const LIST = new Script(`
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local object = ARGV[4] .. key
  table.insert(found, { key, redis.call('HSTRLEN', object, 'bytes'), redis.call('HGET', object, 'modified') })
end
return found`);

/** Options of a {@link RedisStore}. */
export interface RedisStoreOptions {
  /** Connection to Redis. Its commands transfer packs of up to 8 MiB: set `commandTimeoutMs` accordingly. */
  link: RedisLink;
  /** How long a call waits for the connection, in milliseconds. Default 5000. */
  connectTimeoutMs?: number;
}

/**
 * Objects in Redis, without expiry. The server must not evict them: a `maxmemory-policy` that evicts keys without an
 * expiry is refused.
 *
 * All objects of a session have the same hash tag, so that each is in one slot of a Redis Cluster with its index.
 */
export class RedisStore implements ObjectStore {
  readonly kind = 'redis';
  readonly #link: RedisLink;
  readonly #connectTimeoutMs: number;
  #checked: Promise<void> | undefined;

  constructor({ link, connectTimeoutMs = 5000 }: RedisStoreOptions) {
    this.#link = link;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#prepare();
    const bytes = await this.#link.send(['HGET', this.#objectKey(key), 'bytes']);
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#write(key, bytes, 'put');
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    return await this.#write(key, bytes, 'create');
  }

  async list(prefix: string, { after = '' }: ListOptions = {}): Promise<ObjectInfo[]> {
    await this.#prepare();
    const found: ObjectInfo[] = [];
    for (const group of await this.#groupsOf(prefix)) await this.#listGroup(group, prefix, after, found);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    await this.#prepare();
    await DELETE.run(this.#link, [this.#objectKey(key), this.#indexKey(groupOf(key))], [key]);
  }

  /** Does not close the connection, which may be shared. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(key: string, bytes: Uint8Array, mode: 'put' | 'create'): Promise<boolean> {
    await this.#prepare();
    const group = groupOf(key);
    // Before the object, so that no object is missing in listings. The other way round, a crash could hide one.
    await this.#link.send(['ZADD', this.#groupsKey, '0', group]);
    const keys = [this.#objectKey(key), this.#indexKey(group)];
    return (await WRITE.run(this.#link, keys, [key, asBuffer(bytes), mode])) === 1;
  }

  /** Returns the groups that can contain keys with a prefix: those that start with it, and its own folders. */
  async #groupsOf(prefix: string): Promise<string[]> {
    const range = ['ZRANGEBYLEX', this.#groupsKey, `[${prefix}`, `[${prefix}\xff`];
    const inside = toList(await this.#link.send(range)).map(String);
    const folders = prefix.split('/').map((_, index, parts) => parts.slice(0, index).join('/'));
    return [...new Set([...inside, ...folders])];
  }

  async #listGroup(group: string, prefix: string, after: string, found: ObjectInfo[]): Promise<void> {
    let first = after < prefix ? `[${prefix}` : `(${after}`;
    for (;;) {
      const args = [first, `[${prefix}\xff`, String(PAGE_SIZE), this.#objectBase(group)];
      const page = toList(await LIST.run(this.#link, [this.#indexKey(group)], args)).map(toList);
      for (const [key, size, modified] of page)
        found.push({ key: String(key), size: Number(size), modifiedMs: Number(modified) });
      if (page.length < PAGE_SIZE) return;
      first = `(${String(page.at(-1)![0])}`;
    }
  }

  /** Waits for the connection, and checks once that Redis keeps what it stores. */
  async #prepare(): Promise<void> {
    if (!(await whenConnected(this.#link, this.#connectTimeoutMs)))
      throw new StorageError('Redis is not connected', { transient: true });
    this.#checked ??= this.#checkEviction().catch((error) => {
      this.#checked = undefined;
      throw error;
    });
    await this.#checked;
  }

  async #checkEviction(): Promise<void> {
    // INFO, because services that manage Redis forbid CONFIG.
    const info = String(await this.#link.send(['INFO', 'memory']));
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown';
    // volatile-* policies evict only keys with an expiry. These have none.
    if (policy === 'noeviction' || policy.startsWith('volatile-')) return;
    const advice = 'set it to noeviction, or use Redis only as a cache in front of another storage';
    throw new BrowserStateError(
      'UNSUPPORTED_STORE',
      `Redis would delete profiles when its memory is full (maxmemory-policy ${policy}): ${advice}`,
    );
  }

  get #groupsKey(): string {
    return `${this.#link.prefix}:groups`;
  }

  #indexKey(group: string): string {
    return `${this.#link.prefix}:{${group}}:index`;
  }

  #objectKey(key: string): string {
    return this.#objectBase(groupOf(key)) + key;
  }

  #objectBase(group: string): string {
    return `${this.#link.prefix}:{${group}}:object:`;
  }
}

/** All keys but their last two parts: the folder of a session, for the objects of a session. */
function groupOf(key: string): string {
  return key.split('/').slice(0, -2).join('/');
}

function toList(reply: RedisReply): RedisReply[] {
  if (!Array.isArray(reply)) throw new StorageError('Redis has not returned a list', { transient: false });
  return reply;
}
