import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  BrowserState,
  type BrowserStateOptions,
  type LeaseManager,
  ProfileStore,
  type ProfileStoreOptions,
  RedisCache,
  RedisLeases,
  RedisStore,
  storeContract,
  VersionConflictError,
} from '../../../src/library/browser-state/index.ts';
import { ReliableStore } from '../../../src/library/browser-state/reliable-store.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../redis/support.ts';
import {
  commitFiles,
  MemoryStore,
  mountedFiles,
  NO_LEASES,
  openHost,
  randomBytes,
  readFiles,
  temporaryFolder,
  writeFiles,
} from './support.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis('--cluster-enabled', 'no');
});
afterAll(() => redis?.[Symbol.asyncDispose]());

async function openLink(server = redis, prefix = freshNamespace()) {
  const link = await connectedLink(server.url, { prefix });
  onTestFinished(() => link.close());
  return link;
}

describeWithRedis('profiles in Redis', () => {
  describe('the contract of drivers', () => {
    test.each(storeContract)('$name', async ({ run }) => {
      await run(new ReliableStore(new RedisStore({ link: await openLink() })));
    });
  });

  test('come back on another host, and have no expiry', async () => {
    const link = await openLink();
    const open = () => openHost({ driver: new RedisStore({ link }), leases: new RedisLeases(link) });
    const [a, b] = [await open(), await open()];
    const files = { file: 'content', large: randomBytes(300_000).toString('latin1') };
    await commitFiles(a, 'user', 's1', { ...files, large: randomBytes(300_000) });
    await commitFiles(a, 'user', 's10', { file: 's10' });
    expect(await mountedFiles(b, 'user', 's1')).toEqual(files);
    expect(await b.sessions('user')).toEqual(['s1', 's10']);
    const keys = (await redis.command('KEYS', `${link.prefix}:*`)) as string[];
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys) expect(await redis.command('TTL', key)).toBe(-1);
    await b.delete('user', 's1');
    expect(await a.sessions('user')).toEqual(['s10']);
  });

  test.each(['allkeys-lru', 'allkeys-random'])('are refused with the maxmemory-policy %s', async (policy) => {
    const link = await openLink();
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', policy);
    try {
      const opened = ProfileStore.open({ driver: new RedisStore({ link }) });
      await expect(opened).rejects.toThrow(`maxmemory-policy ${policy}`);
      await expect(opened).rejects.toMatchObject({ code: 'UNSUPPORTED_STORE' });
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    }
  });

  test('are in one slot per session, so that a Redis Cluster accepts the scripts', async () => {
    await using cluster = await startRedis('--cluster-enabled', 'yes');
    await cluster.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const isReady = async () => String(await cluster.command('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await waitUntil('the cluster is ready', isReady, SOON_MS);
    const link = await openLink(cluster);
    const store = await openHost({
      driver: new RedisStore({ link }),
      leases: new RedisLeases(link),
      caches: [new RedisCache({ link })],
    });
    await commitFiles(store, 'user', 's1', { file: 'content' });
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ file: 'content' });
    expect(await store.delete('user', 's1')).toBe(true);
  });
});

describeWithRedis('leases in Redis', () => {
  async function openHosts() {
    const link = await openLink();
    const driver = new MemoryStore();
    const open = () => openHost({ driver, leases: new RedisLeases(link) });
    return { driver, link, a: await open(), b: await open() };
  }

  test('allow one writer, name the holder, and are released', async () => {
    const { a, b } = await openHosts();
    const mount = await a.mount('user', 's1');
    await expect(b.mount('user', 's1')).rejects.toThrow(`is mounted by process ${process.pid}`);
    await mount.discard();
    await using next = await b.mount('user', 's1');
    expect(next.version).toBe(0);
    await writeFiles(next.dir, { file: 'content' });
    expect(await next.commit()).toBe(1);
  });

  test('that expire are taken over; the former holder cannot commit', async () => {
    const { a, b, link } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using former = await a.mount('user', 's1');
    await writeFiles(former.dir, { file: 'two' });
    const [key] = (await redis.command('KEYS', `${link.prefix}:*:lease`)) as string[];
    await redis.command('PEXPIRE', key!, '0');
    await using next = await b.mount('user', 's1');
    expect(next.version).toBe(2);
    expect(b.stats().takeovers).toBe(1);
    await expect(former.commit()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('that Redis has lost make a commit fail; the session can be mounted again', async () => {
    const { a, b } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using former = await a.mount('user', 's1');
    await writeFiles(former.dir, { file: 'two' });
    await redis.command('FLUSHALL');
    await using next = await b.mount('user', 's1');
    expect(await readFiles(next.dir)).toEqual({ file: 'one' });
    await expect(former.commit()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });
});

describeWithRedis('a store that overwrites, with leases in Redis', () => {
  function overwritingStore(): MemoryStore {
    const driver = new MemoryStore();
    driver.create = async (key, bytes) => driver.put(key, bytes).then(() => true);
    return driver;
  }

  test('is used with locks by everyone: a process without leases is refused', async () => {
    const link = await openLink();
    const driver = overwritingStore();
    const open = () => openHost({ driver, leases: new RedisLeases(link) });
    await expect(openHost({ driver })).rejects.toMatchObject({ code: 'UNSUPPORTED_STORE' });
    const hosts = await Promise.all(Array.from({ length: 5 }, open));
    expect([...driver.objects.keys()]).toEqual(['browser-state/~store/id']);
    await expect(openHost({ driver })).rejects.toThrow('leases in Redis');
    await commitFiles(hosts[0]!, 'user', 's1', { file: 'content' });
    expect(await mountedFiles(hosts[1]!, 'user', 's1')).toEqual({ file: 'content' });
    expect(await redis.command('KEYS', `${link.prefix}:{lock*`)).toEqual([]);
  });

  test('has one winner of each race', async () => {
    const link = await openLink();
    const driver = overwritingStore();
    // Without leases, as if all of them had expired.
    const redisLeases = new RedisLeases(link);
    const leases: LeaseManager = {
      ...NO_LEASES,
      exclusive: (name, call) => redisLeases.exclusive(name, call),
    };
    const hosts = await Promise.all(Array.from({ length: 8 }, () => openHost({ driver, leases })));
    const mounts = await Promise.all(hosts.map((host) => host.mount('user', 's1')));
    await Promise.all(mounts.map((mount, index) => writeFiles(mount.dir, { file: `by ${index}` })));
    const commits = await Promise.allSettled(mounts.map((mount) => mount.commit()));
    const winner = commits.findIndex(({ status }) => status === 'fulfilled');
    const lost = commits.filter((each) => each.status === 'rejected');
    expect(lost).toHaveLength(7);
    for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflictError);
    expect(await mountedFiles(hosts[0]!, 'user', 's1')).toEqual({ file: `by ${winner}` });
    await Promise.all(mounts.map((mount) => mount.discard()));
  });

  test('a lock that has expired fails the call', async () => {
    const link = await openLink();
    const leases = new RedisLeases(link);
    const call = leases.exclusive('name', () => redis.command('FLUSHALL'));
    await expect(call).rejects.toThrow('the lock of name has expired');
    await expect(leases.exclusive('name', () => Promise.reject(new Error('of the call')))).rejects.toThrow(
      'of the call',
    );
    expect(await leases.exclusive('name', async () => 'free again')).toBe('free again');
  });
});

describeWithRedis('a Redis cache', () => {
  async function openHosts(options: Partial<ProfileStoreOptions> = {}) {
    const link = await openLink();
    const driver = new MemoryStore();
    const open = () => openHost({ driver, caches: [new RedisCache({ link })], ...options });
    return { driver, link, open, a: await open(), b: await open() };
  }

  test('serves manifests and packs to other hosts, and expires them', async () => {
    const { driver, link, a, b } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'content' });
    driver.calls.length = 0;
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    expect(driver.calls.filter((call) => call.startsWith('get'))).toEqual([]);
    expect(b.stats().caches[0]).toMatchObject({ hits: 2, misses: 0 });
    for (const key of (await redis.command('KEYS', `${link.prefix}:*:bytes:*`)) as string[]) {
      expect(await redis.command('TTL', key)).toBeGreaterThan(0);
    }
  });

  test('that contains damaged bytes is not believed: storage has the profile', async () => {
    const { link, a, b } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'content' });
    for (const key of (await redis.command('KEYS', `${link.prefix}:*:bytes:*`)) as string[]) {
      const length = Number(await redis.command('STRLEN', key));
      await redis.command('SETRANGE', key, `${length - 7}`, 'damaged');
    }
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    expect(b.stats().caches[0]!.errors).toBe(2);
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    expect(b.stats().caches[0]!.errors).toBe(2);
  });

  test('has nothing of a deleted session, and nothing of another store', async () => {
    const { a, b, link } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'content' });
    const other = await openHost({ driver: new MemoryStore(), caches: [new RedisCache({ link })] });
    await commitFiles(other, 'user', 's1', { file: 'of another store' });
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    await a.delete('user', 's1');
    await expect(b.mount('user', 's1', { mode: 'ro' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await using mount = await b.mount('user', 's1');
    expect(await readFiles(mount.dir)).toEqual({});
  });

  test('that is down costs no mount and no commit', async () => {
    await using server = await startRedis();
    const link = await openLink(server);
    const driver = new MemoryStore();
    const open = () => openHost({ driver, caches: [new RedisCache({ link })] });
    const [a, b] = [await open(), await open()];
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using mount = await b.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'two' });
    await server.kill('SIGKILL');
    expect(await mount.commit()).toBe(2);
    expect(await mountedFiles(a, 'user', 's1')).toEqual({ file: 'two' });
  });
});

describeWithRedis('BrowserState', () => {
  async function openState(options: Partial<BrowserStateOptions>) {
    const state = new BrowserState({
      userId: 'user123',
      storageType: 'redis',
      workFolder: await temporaryFolder(),
      ...options,
    });
    onTestFinished(() => state.cleanup());
    return state;
  }

  test('with Redis as the storage: ttl does not apply', async () => {
    const keyPrefix = freshNamespace();
    const redisOptions = { enabled: true, host: '127.0.0.1', port: redis.port, keyPrefix, ttl: 1 };
    const state = await openState({ redisOptions });
    await writeFiles(await state.mount('session123'), { file: 'content' });
    await state.unmount();
    const keys = (await redis.command('KEYS', `${keyPrefix}:*`)) as string[];
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(await redis.command('TTL', key)).toBe(-1);
    const another = await openState({ redisOptions });
    expect(await readFiles(await another.mount('session123'))).toEqual({ file: 'content' });
  });

  test('with Redis in front of a folder: another host reads the profile from Redis', async () => {
    const keyPrefix = freshNamespace();
    const options = {
      storageType: 'local' as const,
      localOptions: { storagePath: join(await temporaryFolder(), 'sessions') },
      redisOptions: { enabled: true, host: '127.0.0.1', port: redis.port, keyPrefix, ttl: 100 },
    };
    const first = await openState(options);
    await writeFiles(await first.mount('session123'), { file: 'content' });
    await first.unmount();
    const cached = (await redis.command('KEYS', `${keyPrefix}:*:bytes:*`)) as string[];
    expect(cached.map((key) => key.replace(/.*:bytes:(.).*/, '$1')).sort()).toEqual(['m', 'p']);
    for (const key of cached) expect(await redis.command('TTL', key)).toBeGreaterThan(90);
    const second = await openState(options);
    expect(await readFiles(await second.mount('session123'))).toEqual({ file: 'content' });
    await second.deleteSession('session123');
    expect(await second.hasSession('session123')).toBe(false);
  });
});
