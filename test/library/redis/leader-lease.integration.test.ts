import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LeaderLease, type LeaderLeaseOptions } from '../../../src/library/redis/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TcpProxy } from '../../support/http/tcp-proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

describeWithRedis('LeaderLease', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function createCandidate(name: string, options: Partial<LeaderLeaseOptions> = {}) {
    const proxy = await new TcpProxy(server.port).listen();
    const link = await connectedLink(`redis://127.0.0.1:${proxy.port}`);
    const lost: number[] = [];
    const errors: unknown[] = [];
    const lease = new LeaderLease(link, {
      name,
      leaseS: 60,
      onLost: ({ fence }) => lost.push(fence),
      onError: (error) => errors.push(error),
      ...options,
    });
    return {
      proxy,
      lease,
      lost,
      errors,
      [Symbol.asyncDispose]: async () => {
        await lease.close();
        link.close();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  const leading = (...all: { lease: LeaderLease }[]) => all.filter(({ lease }) => lease.term !== undefined);

  test('one candidate per name leads', async () => {
    const name = freshNamespace();
    await using a = await createCandidate(name);
    await using b = await createCandidate(name);
    await using other = await createCandidate(freshNamespace());
    await waitUntil('one leads', () => leading(a, b).length === 1, SOON_MS);
    await waitUntil('the other name has a leader too', () => leading(other).length === 1, SOON_MS);
    expect(await Promise.all([a.lease.confirm(), b.lease.confirm()])).toHaveLength(2);
    expect(leading(a, b)).toHaveLength(1);
  });

  test('a leader renews its lease', async () => {
    const clock = new FakeClock();
    const name = freshNamespace();
    await using a = await createCandidate(name, { clock });
    const term = await waitUntil('it leads', () => a.lease.term, SOON_MS);
    const key = `roundhouse:{${name}}:leader`;
    for (let times = 1; times <= 5; times += 1) {
      await server.command('PEXPIRE', key, '30000');
      clock.advance(20_000);
      const renewed = async () => Number(await server.command('PTTL', key)) > 30_000;
      await waitUntil('the lease is renewed', renewed, SOON_MS);
    }
    expect(a.lease.term).toBe(term);
    expect(term.signal.aborted).toBe(false);
  });

  test('a leader that cannot reach Redis steps down before its lease expires in Redis', async () => {
    const clock = new FakeClock();
    const name = freshNamespace();
    await using a = await createCandidate(name, { clock });
    const term = await waitUntil('it leads', () => a.lease.term, SOON_MS);
    a.proxy.passage = 'refuse';
    a.proxy.cut();
    clock.advance(53_999);
    expect(a.lease.term).toBe(term);
    clock.advance(1);
    expect(a.lease.term).toBeUndefined();
    expect(term.signal.aborted).toBe(true);
    expect(a.lost).toEqual([term.fence]);
    expect(await a.lease.confirm()).toBe(false);
    expect(Number(await server.command('PTTL', `roundhouse:{${name}}:leader`))).toBeGreaterThan(0);
  });

  test('`term` is undefined after a suspension, before any timer fires', async () => {
    const clock = new FakeClock();
    await using a = await createCandidate(freshNamespace(), { clock });
    const term = await waitUntil('it leads', () => a.lease.term, SOON_MS);
    clock.stall(54_000);
    expect(a.lease.term).toBeUndefined();
    expect(a.lost).toEqual([term.fence]);
  });

  test('a leader whose lease was flushed steps down, and the next one has a greater fencing token', async () => {
    const name = freshNamespace();
    await using a = await createCandidate(name);
    const term = await waitUntil('it leads', () => a.lease.term, SOON_MS);
    await server.command('FLUSHALL');
    await using b = await createCandidate(name);
    const next = await waitUntil('the other candidate leads', () => b.lease.term, SOON_MS);
    expect(next.fence).toBeGreaterThan(term.fence);
    expect(await a.lease.confirm()).toBe(false);
    expect(a.lost).toEqual([term.fence]);
    expect(await b.lease.confirm()).toBe(true);
  });

  test.each([
    ['SET', 'left-over'],
    ['HSET', 'field', 'value'],
  ])('a leader key without a TTL expires: %s', async (command, ...value) => {
    const name = freshNamespace();
    const key = `roundhouse:{${name}}:leader`;
    await server.command(command, key, ...value);
    await using candidate = await createCandidate(name, { leaseS: 0.3 });
    await waitUntil('it leads', () => candidate.lease.term, SOON_MS);
    expect(candidate.errors).toEqual([]);
  });

  test('a leader key with a much longer TTL than a lease, as after the clock of Redis was set back, expires', async () => {
    const name = freshNamespace();
    await server.command('SET', `roundhouse:{${name}}:leader`, 'left-over', 'PX', '3600000');
    await using candidate = await createCandidate(name, { leaseS: 0.3 });
    await waitUntil('it leads', () => candidate.lease.term, SOON_MS);
    expect(candidate.errors).toEqual([]);
  });

  test('waits for a key without a TTL, without asking for it all the time', async () => {
    const clock = new FakeClock();
    const name = freshNamespace();
    await server.command('SET', `roundhouse:{${name}}:leader`, 'left-over');
    await using _candidate = await createCandidate(name, { clock });
    const key = `roundhouse:{${name}}:leader`;
    await waitUntil('it has a TTL', async () => Number(await server.command('PTTL', key)) > 0, SOON_MS);
    const attempts = async () =>
      /cmdstat_evalsha:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1];
    // The reply of the first attempt has arrived when the next one is scheduled.
    await waitUntil('the next attempt is scheduled', () => clock.pending > 0, SOON_MS);
    const before = await attempts();
    await clock.advanceAsync(19_000);
    expect(await attempts()).toBe(before);
    await clock.advanceAsync(1000);
    await waitUntil('it has tried again', async () => (await attempts()) !== before, SOON_MS);
  });

  test('a fence that is no number does not prevent leadership', async () => {
    const name = freshNamespace();
    const key = `roundhouse:{${name}}:fence`;
    for (const [command, ...value] of [
      ['SET', 'nonsense'],
      ['HSET', 'field', 'value'],
    ] as const) {
      await server.command('DEL', key);
      await server.command(command, key, ...value);
      await using candidate = await createCandidate(name);
      await waitUntil('it leads', () => candidate.lease.term, SOON_MS);
      expect(candidate.errors).toEqual([]);
    }
  });

  test.each(['nan', 'inf', '-inf', '1e300', '0x7fffffffffffffff', '9'.repeat(20), '9'.repeat(400)])(
    'fencing tokens increase after the fence was %s',
    async (fence) => {
      const name = freshNamespace();
      await server.command('SET', `roundhouse:{${name}}:fence`, fence);
      const fences: number[] = [];
      for (let term = 1; term <= 3; term += 1) {
        await using candidate = await createCandidate(name);
        fences.push((await waitUntil('it leads', () => candidate.lease.term, SOON_MS)).fence);
      }
      expect(fences[0]).toBeGreaterThan(0);
      expect(fences[1]).toBeGreaterThan(fences[0]!);
      expect(fences[2]).toBeGreaterThan(fences[1]!);
      expect(fences.every(Number.isSafeInteger)).toBe(true);
    },
  );

  test('closing a lease lets the next candidate lead at once', async () => {
    const name = freshNamespace();
    await using a = await createCandidate(name, { leaseS: 3600 });
    const term = await waitUntil('it leads', () => a.lease.term, SOON_MS);
    await a.lease.close();
    expect(a.lease.term).toBeUndefined();
    expect(a.lost).toEqual([term.fence]);
    await using b = await createCandidate(name, { leaseS: 3600 });
    await waitUntil('the next candidate leads', () => b.lease.term, SOON_MS);
    await a.lease.close();
    expect(await b.lease.confirm()).toBe(true);
  });

  test('without Redis there is no leader; one is elected when Redis is back', async () => {
    const name = freshNamespace();
    await using a = await createCandidate(name, { leaseS: 3600 });
    await waitUntil('it leads', () => a.lease.term, SOON_MS);
    await using b = await createCandidate(name, { leaseS: 3600 });
    b.proxy.passage = 'refuse';
    b.proxy.cut();
    await a.lease.close();
    expect(b.lease.term).toBeUndefined();
    b.proxy.passage = 'pass';
    await waitUntil('the other candidate leads', () => b.lease.term, SOON_MS);
  });

  test('errors thrown by callbacks are passed to onError and change nothing', async () => {
    const boom = () => {
      throw new Error('boom');
    };
    await using a = await createCandidate(freshNamespace(), { onGained: boom, onLost: boom });
    await waitUntil('it leads', () => a.lease.term, SOON_MS);
    await a.lease.close();
    expect(a.errors.map(String)).toEqual(['Error: boom', 'Error: boom']);
  });
});
