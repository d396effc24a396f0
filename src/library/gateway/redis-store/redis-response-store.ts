import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { RedisReply } from '../../redis/connection.ts';
import type { RedisLink } from '../../redis/link.ts';
import type { Script } from '../../redis/script.ts';
import type {
  ResponseStore,
  StoreEntry,
  StoreLease,
  StoreMetadata,
  StorePage,
  StoreUsage,
  StoreWriter,
} from '../cache/store.ts';
import { BlockWriter, DamagedBodyError, readBlocks } from './blocks.ts';
import { leaseEnded, tryLease } from './leases.ts';
import { CLEAR, COMMIT, OPEN, READ, REMOVE, REPLACE, USAGE } from './scripts.ts';

/** Options of {@link RedisResponseStore}. */
export interface RedisResponseStoreOptions {
  /** Memory of Redis that each namespace may use, in bytes. Default 256 MiB. */
  maxBytes?: number;
  /** Largest body, in bytes. Default 32 MiB. */
  maxEntryBytes?: number;
  /** How long a body is stored after its last use, in seconds. Default 30 days. */
  maxIdleS?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  wallClock?: () => number;
}

const MIB = 1024 * 1024;
const DAY_S = 24 * 3600;
/** How long a body that was replaced or removed stays for requests that read it. */
const GRACE_MS = 30_000;
/** What a process that was killed while it cleared a namespace leaves behind ends after this time. */
const CLEARED_MS = 24 * 3600 * 1000;
const DEFAULT_LIST_LIMIT = 100;
const REMOVED_AT_ONCE = 200;

/** The part of an entry that is JSON. */
interface Details {
  readonly metadata: StoreMetadata;
  readonly createdAt: number;
  readonly hashes: readonly string[];
}

interface ParsedEntry extends Details {
  readonly id: string;
  readonly size: number;
}

/**
 * Keeps responses in Redis, for gateways in several processes or on several machines. The memory of each namespace is
 * bounded; the entries that were not used for the longest time are removed. Bodies are verified by their SHA-256
 * hashes when they are read.
 */
export class RedisResponseStore implements ResponseStore {
  readonly #link: RedisLink;
  readonly #maxBytes: number;
  readonly #maxEntryBytes: number;
  readonly #maxIdleMs: string;
  readonly #wallClock: () => number;
  #evictions = 0;

  /**
   * @param link connection to Redis; it stays open when the store is no longer used
   * @throws RangeError if a limit is not positive
   */
  constructor(link: RedisLink, options: RedisResponseStoreOptions = {}) {
    const { maxBytes = 256 * MIB, maxEntryBytes = 32 * MIB, maxIdleS = 30 * DAY_S } = options;
    for (const [name, value] of Object.entries({ maxBytes, maxEntryBytes, maxIdleS })) {
      if (!(value > 0)) throw new RangeError(`${name} must be more than 0, not ${value}`);
    }
    this.#link = link;
    this.#maxBytes = Math.floor(maxBytes);
    this.#maxEntryBytes = maxEntryBytes;
    this.#maxIdleMs = String(Math.ceil(maxIdleS * 1000));
    this.#wallClock = options.wallClock ?? Date.now;
  }

  /** Entries that this process has removed to make room. */
  get evictions(): number {
    return this.#evictions;
  }

  async get(namespace: string, key: string): Promise<StoreEntry | undefined> {
    const entry = parseEntry(await this.#run(READ, namespace, [key, this.#maxIdleMs]));
    return entry && this.#view(namespace, key, entry);
  }

  async writer(namespace: string, key: string, metadata: StoreMetadata): Promise<StoreWriter> {
    const id = randomUUID();
    const body = this.#bodyKey(namespace, id);
    await this.#link.send(['SADD', this.#namespacesKey, namespace]);
    const generation = String(await OPEN.run(this.#link, this.#keys(namespace), ['', randomUUID()]));
    const blocks = new BlockWriter(this.#link, body);
    return {
      write: async (chunk) => {
        if (blocks.size + chunk.byteLength > this.#maxEntryBytes) {
          throw new RangeError(`the body of ${key} exceeds maxEntryBytes, ${this.#maxEntryBytes}`);
        }
        await blocks.write(chunk);
      },
      commit: async (changed = metadata) => {
        await blocks.end();
        const createdAt = this.#wallClock();
        const details: Details = { metadata: changed, createdAt, hashes: blocks.hashes };
        const evicted = await this.#run(COMMIT, namespace, [
          key,
          id,
          generation,
          String(blocks.size),
          JSON.stringify(details),
          String(createdAt),
          String(this.#maxBytes),
          this.#maxIdleMs,
          String(GRACE_MS),
        ]);
        this.#evictions += Math.max(0, Number(evicted));
        return Number(evicted) >= 0;
      },
      abort: async () => {
        await this.#link.send(['UNLINK', body]);
      },
    };
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    return (await this.#run(REMOVE, namespace, [key, String(GRACE_MS)])) === 1;
  }

  /** Removes all entries in constant time. Then frees their memory, some at a time. */
  async clearNamespace(namespace: string): Promise<void> {
    const cleared = `${this.#base(namespace)}:cleared:${randomUUID()}`;
    const keys = [...this.#keys(namespace), cleared];
    const bodies = this.#bodyKey(namespace, '');
    const found = await CLEAR.run(this.#link, keys, [bodies, randomUUID(), String(CLEARED_MS)]);
    // Bodies that a failure leaves behind end by themselves.
    if (found === 1) void this.#removeBodies(cleared, bodies).catch(() => {});
  }

  async list(
    namespace: string,
    { cursor, limit = DEFAULT_LIST_LIMIT }: { cursor?: string; limit?: number } = {},
  ): Promise<StorePage> {
    const [, entries, , , names] = this.#keys(namespace);
    const from = cursor === undefined ? '-' : `(${cursor}`;
    const range = ['ZRANGEBYLEX', names!, from, '+', 'LIMIT', '0', String(limit + 1)];
    const keys = ((await this.#link.send(range)) as Buffer[]).map(String);
    const page = keys.slice(0, limit);
    const values = page.length === 0 ? [] : await this.#link.send(['HMGET', entries!, ...page]);
    return {
      entries: page.flatMap((key, index) => {
        // Another process may have removed it between the two commands.
        const entry = parseEntry((values as RedisReply[])[index]!);
        return entry ? [this.#view(namespace, key, entry)] : [];
      }),
      cursor: keys.length > limit ? page.at(-1) : undefined,
    };
  }

  async usage(): Promise<StoreUsage[]> {
    const namespaces = (await this.#link.send(['SMEMBERS', this.#namespacesKey])) as Buffer[];
    return await Promise.all(
      namespaces.map(async (name) => {
        const namespace = String(name);
        const reply = (await this.#run(USAGE, namespace, [])) as RedisReply[];
        const [entries = 0, bodyBytes = 0, storeBytes = 0, oldest, newest] = reply.map(String);
        return {
          namespace,
          entries: Number(entries),
          bodyBytes: Number(bodyBytes),
          storeBytes: Number(storeBytes),
          oldestAt: oldest ? Number(oldest) : undefined,
          newestAt: newest ? Number(newest) : undefined,
        };
      }),
    );
  }

  tryLease(namespace: string, key: string): Promise<StoreLease | undefined> {
    return tryLease(this.#link, this.#leaseKey(namespace, key));
  }

  leaseEnded(
    namespace: string,
    key: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean> {
    return leaseEnded(this.#link, this.#leaseKey(namespace, key), options);
  }

  #view(namespace: string, key: string, entry: ParsedEntry): StoreEntry {
    const { id, size, metadata, createdAt, hashes } = entry;
    const blocks = { key: this.#bodyKey(namespace, id), hashes };
    const link = this.#link;
    const remove = () => this.#run(REMOVE, namespace, [key, '0', id]).catch(() => {});
    return {
      key,
      metadata,
      size,
      createdAt,
      bytes: async () => {
        const parts: Buffer[] = [];
        try {
          for await (const part of readBlocks(link, blocks, 0, size - 1)) parts.push(part);
        } catch (error) {
          if (!(error instanceof DamagedBodyError)) throw error;
          await remove();
          return undefined;
        }
        return Buffer.concat(parts);
      },
      stream: async ({ start, end } = { start: 0, end: size - 1 }) => {
        const parts = readBlocks(link, blocks, start, end);
        // Damage at its start is a miss.
        const first = await parts.next().catch(async (error) => {
          if (!(error instanceof DamagedBodyError)) throw error;
          await remove();
          return undefined;
        });
        return first && Readable.from(resumed(first, parts), { objectMode: false });
      },
      setMetadata: async (changed) => {
        const details: Details = { metadata: changed, createdAt, hashes };
        return (await this.#run(REPLACE, namespace, [key, id, JSON.stringify(details)])) === 1;
      },
    };
  }

  async #removeBodies(cleared: string, bodies: string): Promise<void> {
    let cursor = '0';
    do {
      const scan = ['HSCAN', cleared, cursor, 'COUNT', String(REMOVED_AT_ONCE)];
      const [next, fields] = (await this.#link.send(scan)) as [Buffer, Buffer[]];
      const ids = fields.flatMap((value, index) => (index % 2 === 1 ? [idOf(String(value))] : []));
      if (ids.length > 0) await this.#link.send(['UNLINK', ...ids.map((id) => bodies + id)]);
      cursor = String(next);
    } while (cursor !== '0');
    await this.#link.send(['UNLINK', cleared]);
  }

  #run(script: Script, namespace: string, args: readonly string[]): Promise<RedisReply> {
    return script.run(this.#link, this.#keys(namespace), [this.#bodyKey(namespace, ''), ...args]);
  }

  #base(namespace: string): string {
    // One hash slot for each namespace, as a cluster requires of the keys of a script.
    return `${this.#link.prefix}:{gateway:${namespace}}`;
  }

  #keys(namespace: string): string[] {
    const base = this.#base(namespace);
    return ['generation', 'entries', 'used', 'created', 'names', 'sums'].map((name) => `${base}:${name}`);
  }

  #bodyKey(namespace: string, id: string): string {
    return `${this.#base(namespace)}:body:${id}`;
  }

  #leaseKey(namespace: string, key: string): string {
    return `${this.#base(namespace)}:lease:${key}`;
  }

  get #namespacesKey(): string {
    return `${this.#link.prefix}:gateway-namespaces`;
  }
}

async function* resumed(first: IteratorResult<Buffer>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

function idOf(entry: string): string {
  return entry.slice(0, entry.indexOf(' '));
}

function parseEntry(reply: RedisReply): ParsedEntry | undefined {
  if (reply === null) return undefined;
  const [, id, size, json] = /^(\S+) \d+ (\d+) (.*)$/s.exec(String(reply)) ?? [];
  if (json === undefined) return undefined;
  return { id: id!, size: Number(size), ...(JSON.parse(json) as Details) };
}
