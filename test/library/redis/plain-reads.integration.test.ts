import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { type Lease, RedisNamespace } from '../../../src/library/redis/namespace.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { connectedLink, createNamespace } from './support.ts';

vi.setConfig({ testTimeout: 90_000 });

const LEASE_MS = 60_000;

/** Which commands a link has sent, scripts as `EVAL`. */
function sentBy(link: RedisLink) {
  const send = vi.spyOn(link, 'send');
  return () => send.mock.calls.splice(0).map(([args]) => String(args[0]).replace('EVALSHA', 'EVAL'));
}

describeWithRedis('reads of a value in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Processes over one Redis that receive no messages of each other: only what Redis replies counts. */
  async function processes(count: number) {
    const name = await createNamespace(server.url);
    const links = await Promise.all(Array.from({ length: count }, () => connectedLink(server.url)));
    const namespaces = links.map(
      (link) =>
        new RedisNamespace(link, name, (error) => {
          throw error;
        }),
    );
    for (const namespace of namespaces) await namespace.latestChange();
    return {
      name,
      links,
      namespaces,
      [Symbol.dispose]: () => {
        for (const namespace of namespaces) namespace.close();
        for (const link of links) link.close();
      },
    };
  }

  async function load(namespace: RedisNamespace, key: string, value: string) {
    const result = await namespace.readOrLease(key, LEASE_MS);
    if (result.kind !== 'lead') throw new Error(`expected a lease, got ${result.kind}`);
    await namespace.store(result.lease, { bytes: Buffer.from(value), freshness: { ageS: 0, ttlS: 60 } });
  }

  describe('send', () => {
    test('one MGET for a hit, and a script only for a miss', async () => {
      using world = await processes(2);
      const [a, b] = world.namespaces;
      const sent = sentBy(world.links[1]!);
      await load(a!, 'k', 'value');
      expect(await b!.readOrLease('k', LEASE_MS)).toMatchObject({ kind: 'hit' });
      expect(String((await b!.read('k'))?.bytes)).toBe('value');
      expect(await b!.read('none')).toBeUndefined();
      expect(sent()).toEqual(['MGET', 'MGET', 'MGET']);
      expect(await b!.readOrLease('none', LEASE_MS)).toMatchObject({ kind: 'lead' });
      expect(sent()).toEqual(['MGET', 'EVAL']);
      expect(b!.counters).toMatchObject({ misses: 2, leads: 1, bypasses: 0 });
    });

    test('one MGET for the reads of one turn of the event loop, of 64 keys at most', async () => {
      using world = await processes(2);
      const [a, b] = world.namespaces;
      const keys = Array.from({ length: 65 }, (_, index) => `k${index}`);
      await Promise.all(keys.map((key) => load(a!, key, `value of ${key}`)));
      const sent = sentBy(world.links[1]!);
      const values = await Promise.all(['none', ...keys.slice(0, 63)].map((key) => b!.read(key)));
      expect(values.map((stored) => stored && String(stored.bytes))).toEqual([
        undefined,
        ...keys.slice(0, 63).map((key) => `value of ${key}`),
      ]);
      expect(sent()).toEqual(['MGET']);
      const leases = await Promise.all(keys.map((key) => b!.readOrLease(key, LEASE_MS)));
      expect(leases.map(({ kind }) => kind)).toEqual(keys.map(() => 'hit'));
      expect(sent()).toEqual(['MGET', 'MGET']);
    });

    test('a script until the time of the server is known', async () => {
      const name = await createNamespace(server.url);
      using link = await connectedLink(server.url);
      const namespace = new RedisNamespace(link, name, () => {});
      const sent = sentBy(link);
      await load(namespace, 'k', 'value');
      expect(sent()[0]).toBe('EVAL');
      await namespace.read('k');
      expect(sent()).toEqual(['MGET']);
      namespace.close();
    });
  });

  test('return a value with its age and remaining TTL, whatever the clock of the reader says', async () => {
    using world = await processes(2);
    const [a, b] = world.namespaces;
    const lease = await a!.readOrLease('k', LEASE_MS);
    if (lease.kind !== 'lead') throw new Error('expected a lease');
    await a!.store(lease.lease, { bytes: Buffer.from('x'), freshness: { ageS: 100, ttlS: 50 } });
    vi.spyOn(Date, 'now').mockReturnValue(0);
    const { freshness } = (await b!.read('k'))!;
    vi.restoreAllMocks();
    expect(freshness.ageS).toBeGreaterThanOrEqual(100);
    expect(freshness.ttlS).toBeLessThanOrEqual(50);
    expect(freshness.ageS + freshness.ttlS).toBeCloseTo(150, 3);
  });

  test('load a value again that was written before the clock of the server was set back', async () => {
    using world = await processes(2);
    const [a, b] = world.namespaces;
    await load(a!, 'k', 'old');
    const [key] = (await server.command('KEYS', `*${world.name}*:entry:k`)) as [string];
    const [generation, produced, rest] = String(await server.command('GET', key)).split(' ');
    const hourAhead = `${generation} ${Number(produced) + 3_600_000} ${rest}`;
    await server.command('SET', key, hourAhead, 'PX', '3660000');
    expect(await b!.read('k')).toBeUndefined();
    await load(b!, 'k', 'new');
    expect(String((await a!.read('k'))?.bytes)).toBe('new');
  });

  test.each(['90000000000001', '100000000000000', '9'.repeat(30), '9'.repeat(400)])(
    'and writes continue after the state had the number %s',
    async (number) => {
      using world = await processes(2);
      const [a, b] = world.namespaces;
      const [state] = (await server.command('KEYS', `*${world.name}*:state`)) as [string];
      await server.command('SET', state, `${number} generation`);
      expect(await b!.read('k')).toBeUndefined();
      await load(a!, 'k', 'value');
      expect(String((await b!.read('k'))?.bytes)).toBe('value');
      await a!.invalidate('delete', 'k');
      expect(await b!.read('k')).toBeUndefined();
      await load(b!, 'k', 'next');
      expect(String((await a!.read('k'))?.bytes)).toBe('next');
    },
  );

  test.each([
    ['one key', 'k'],
    ['a glob', 'k*'],
    ['tags', { tags: ['t'] }],
  ])('return nothing once Redis has executed an invalidation of %s by another process', async (_, filter) => {
    using world = await processes(2);
    const [a, b] = world.namespaces;
    await load(a!, 'k', 'old');
    expect(String((await b!.read('k'))?.bytes)).toBe('old');
    await a!.invalidate('invalidate', filter);
    expect(await b!.read('k')).toBeUndefined();
  });

  test('return nothing after an invalidation, also with one that began before it in the same turn', async () => {
    using world = await processes(1);
    const [namespace] = world.namespaces;
    for (const filter of ['k', 'k*']) {
      await load(namespace!, 'k', 'old');
      const before = namespace!.read('k');
      const change = namespace!.invalidate('invalidate', filter);
      const after = namespace!.read('k');
      expect(await after).toBeUndefined();
      await Promise.all([before, change]);
    }
  });

  test('fail together, and the next ones succeed', async () => {
    using world = await processes(1);
    const name = await createNamespace(server.url);
    const faults: string[] = [];
    const namespace = new RedisNamespace(world.links[0]!, name, (_, key) => faults.push(key));
    await load(namespace, 'a', 'value');
    vi.spyOn(world.links[0]!, 'send').mockRejectedValueOnce(new Error('broken'));
    expect(await Promise.all([namespace.read('a'), namespace.read('b')])).toEqual([undefined, undefined]);
    expect(faults).toEqual(['a', 'b']);
    expect(String((await namespace.read('a'))?.bytes)).toBe('value');
    namespace.close();
  });

  test('ignore keys that another version has left in another format', async () => {
    using world = await processes(2);
    const [a, b] = world.namespaces;
    await load(a!, 'k', 'value');
    const [entry] = (await server.command('KEYS', `*{${world.name}}:entry:k`)) as [string];
    const state = entry.replace(':entry:k', ':state');
    await server.command('DEL', entry);
    await server.command('HSET', entry, 'g', 'x', 'v', 'y');
    expect(await b!.readOrLease('k', LEASE_MS)).toMatchObject({ kind: 'lead' });
    await server.command('DEL', state);
    await server.command('HSET', state, 'g', 'x', 's', '99');
    expect(await b!.read('k')).toBeUndefined();
    expect(String(await server.command('TYPE', state))).toBe('string');
  });

  test('wait only for readTimeoutMs while Redis hangs, then not at all, until it replies', async () => {
    const clock = new FakeClock();
    await using stopped = await startRedis();
    using link = await connectedLink(stopped.url, { clock, readTimeoutMs: 300, commandTimeoutMs: 1e6 });
    const faults: unknown[] = [];
    const namespace = new RedisNamespace(link, 'hangs', (error) => faults.push(error));
    await load(namespace, 'k', 'value');
    await stopped.kill('SIGSTOP');
    const first = namespace.read('k');
    await settle();
    clock.advance(300);
    expect(await first).toBeUndefined();
    expect(await namespace.read('k')).toBeUndefined();
    expect(faults.map(String)).toEqual([
      'RedisTimeoutError: Redis did not reply to MGET within 300 ms',
      'RedisUnavailableError: Redis is not connected',
    ]);
    expect(link.state).toBe('connected');
    const change = namespace.invalidate('invalidate', 'other');
    await stopped.kill('SIGCONT');
    await change;
    expect(String((await namespace.read('k'))?.bytes)).toBe('value');
    namespace.close();
  });

  test('fail if a change that was sent before has failed, also if both replies arrive together', async () => {
    using world = await processes(1);
    const [link] = world.links;
    const namespace = new RedisNamespace(link!, await createNamespace(server.url), () => {});
    await load(namespace, 'k', 'old');
    const send = link!.send.bind(link);
    vi.spyOn(link!, 'send').mockImplementationOnce(async (args) => {
      const reply = send(['GET', ...args.slice(3, 4)]);
      // As long a chain of promises as a real command has.
      for (let turn = 0; turn < 20; turn += 1) await reply;
      throw new Error('READONLY You cannot write against a read only replica.');
    });
    const change = namespace.invalidate('invalidate', '*');
    const read = namespace.read('k');
    await change;
    expect(await read).toBeUndefined();
    namespace.close();
  });

  describe('in any order with loads and invalidations of two processes', () => {
    const process = fc.nat(1);
    const key = fc.constantFrom('a:1', 'a:2', 'b:1');
    const action = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const), process, key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('read all' as const), process }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('lease' as const), process, key }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('store' as const), choice: fc.nat(5) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('invalidate' as const),
          process,
          pattern: fc.constantFrom('*', 'a:*', 'a:1', 'b:1'),
        }),
      },
    );
    type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

    /**
     * The sources change when they are invalidated. After that, no process may read an earlier version, although it
     * receives no messages.
     */
    async function run(script: readonly Action[]) {
      using world = await processes(2);
      const versions = new Map([
        ['a:1', 0],
        ['a:2', 0],
        ['b:1', 0],
      ]);
      const leases: { namespace: RedisNamespace; lease: Lease; version: number }[] = [];
      for (const step of script) {
        if (step.do === 'store') {
          const [taken] = leases.splice(step.choice % Math.max(1, leases.length), 1);
          const bytes = Buffer.from(String(taken?.version));
          await taken?.namespace.store(taken.lease, { bytes, freshness: { ageS: 0, ttlS: 60 } });
          continue;
        }
        const namespace = world.namespaces[step.process]!;
        if (step.do === 'invalidate') {
          const matches = new RegExp(`^${step.pattern.replaceAll('*', '.*')}$`);
          for (const [name, version] of versions) if (matches.test(name)) versions.set(name, version + 1);
          await namespace.invalidate('invalidate', step.pattern);
          continue;
        }
        if (step.do === 'read all') {
          const reads = [...versions].map(async ([name, version]) => {
            const stored = await namespace.read(name);
            if (stored) expect(Number(String(stored.bytes)), name).toBe(version);
          });
          await Promise.all(reads);
          continue;
        }
        const version = versions.get(step.key)!;
        const result = step.do === 'lease' ? await namespace.readOrLease(step.key, LEASE_MS) : undefined;
        if (result?.kind === 'lead') leases.push({ namespace, lease: result.lease, version });
        const stored = result?.kind === 'hit' ? result.stored : await namespace.read(step.key);
        if (stored) expect(Number(String(stored.bytes)), step.key).toBe(version);
      }
    }

    const scripts = fc.array(action, { minLength: 5, maxLength: 30 });

    test('no process reads a version from before an invalidation', async () => {
      await fc.assert(fc.asyncProperty(scripts, run), { numRuns: 60, endOnFailure: true });
    });

    test('the property fails if a process keeps the generation instead of reading it', async () => {
      const original = RedisLink.prototype.send;
      const kept = new WeakMap<RedisLink, unknown>();
      const send = vi.spyOn(RedisLink.prototype, 'send').mockImplementation(async function (
        this: RedisLink,
        args,
      ) {
        const reply = await original.call(this, args);
        if (args[0] !== 'MGET' || !Array.isArray(reply)) return reply;
        if (!kept.has(this)) kept.set(this, reply[0]);
        return [kept.get(this) as Buffer, ...reply.slice(1)];
      });
      try {
        const property = fc.asyncProperty(scripts, run);
        expect(await fc.check(property, { numRuns: 300, endOnFailure: true })).toHaveProperty('failed', true);
      } finally {
        send.mockRestore();
      }
    });
  });
});
