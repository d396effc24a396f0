import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LeaderLease, type LeaderLeaseOptions } from '../../../src/library/redis/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TcpProxy } from '../../support/http/tcp-proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

describeWithRedis('of several that stand for leadership', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function candidate(name: string, options: Partial<LeaderLeaseOptions> = {}) {
    const proxy = await new TcpProxy(server.port).listen();
    const link = await connectedLink(`redis://127.0.0.1:${proxy.port}`);
    const lost: number[] = [];
    const errors: unknown[] = [];
    const leader = new LeaderLease(link, {
      name,
      leaseS: 60,
      onLost: ({ fence }) => lost.push(fence),
      onError: (error) => errors.push(error),
      ...options,
    });
    return {
      proxy,
      leader,
      lost,
      errors,
      [Symbol.asyncDispose]: async () => {
        await leader.close();
        link.close();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  const leading = (...all: { leader: LeaderLease }[]) =>
    all.filter(({ leader }) => leader.term !== undefined);

  test('one leads, whatever else runs in this Redis', async () => {
    const name = freshNamespace();
    await using a = await candidate(name);
    await using b = await candidate(name);
    await using other = await candidate(freshNamespace());
    await waitUntil('one leads', () => leading(a, b).length === 1, SOON_MS);
    await waitUntil('the other name is led too', () => leading(other).length === 1, SOON_MS);
    expect(await Promise.all([a.leader.confirm(), b.leader.confirm()])).toHaveLength(2);
    expect(leading(a, b)).toHaveLength(1);
  });

  test('its lease is renewed, in Redis and here', async () => {
    const clock = new FakeClock();
    const name = freshNamespace();
    await using a = await candidate(name, { clock });
    const term = await waitUntil('it leads', () => a.leader.term, SOON_MS);
    const key = `roundhouse:{${name}}:leader`;
    for (let times = 1; times <= 5; times += 1) {
      await server.command('PEXPIRE', key, '30000');
      clock.advance(20_000);
      const renewed = async () => Number(await server.command('PTTL', key)) > 30_000;
      await waitUntil('the lease is renewed', renewed, SOON_MS);
    }
    expect(a.leader.term).toBe(term);
    expect(term.signal.aborted).toBe(false);
  });

  test('one that cannot reach Redis steps down before its lease ends there', async () => {
    const clock = new FakeClock();
    const name = freshNamespace();
    await using a = await candidate(name, { clock });
    const term = await waitUntil('it leads', () => a.leader.term, SOON_MS);
    a.proxy.passage = 'refuse';
    a.proxy.cut();
    clock.advance(53_999);
    expect(a.leader.term).toBe(term);
    clock.advance(1);
    expect(a.leader.term).toBeUndefined();
    expect(term.signal.aborted).toBe(true);
    expect(a.lost).toEqual([term.fence]);
    expect(await a.leader.confirm()).toBe(false);
    expect(Number(await server.command('PTTL', `roundhouse:{${name}}:leader`))).toBeGreaterThan(0);
  });

  test('a suspended one finds out by asking, before any timer of it fires', async () => {
    const clock = new FakeClock();
    await using a = await candidate(freshNamespace(), { clock });
    const term = await waitUntil('it leads', () => a.leader.term, SOON_MS);
    clock.stall(54_000);
    expect(a.leader.term).toBeUndefined();
    expect(a.lost).toEqual([term.fence]);
  });

  test('one whose lease was lost in a flush steps down, and the next has a higher fence', async () => {
    const name = freshNamespace();
    await using a = await candidate(name);
    const term = await waitUntil('it leads', () => a.leader.term, SOON_MS);
    await server.command('FLUSHALL');
    await using b = await candidate(name);
    const next = await waitUntil('the other one leads', () => b.leader.term, SOON_MS);
    expect(next.fence).toBeGreaterThan(term.fence);
    expect(await a.leader.confirm()).toBe(false);
    expect(a.lost).toEqual([term.fence]);
    expect(await b.leader.confirm()).toBe(true);
  });

  test('one that resigns leaves the way free at once', async () => {
    const name = freshNamespace();
    await using a = await candidate(name, { leaseS: 3600 });
    const term = await waitUntil('it leads', () => a.leader.term, SOON_MS);
    await a.leader.close();
    expect(a.leader.term).toBeUndefined();
    expect(a.lost).toEqual([term.fence]);
    await using b = await candidate(name, { leaseS: 3600 });
    await waitUntil('the next one leads', () => b.leader.term, SOON_MS);
    await a.leader.close();
    expect(await b.leader.confirm()).toBe(true);
  });

  test('without Redis nobody leads; when it comes, somebody does', async () => {
    const name = freshNamespace();
    await using a = await candidate(name, { leaseS: 3600 });
    await waitUntil('it leads', () => a.leader.term, SOON_MS);
    await using b = await candidate(name, { leaseS: 3600 });
    b.proxy.passage = 'refuse';
    b.proxy.cut();
    await a.leader.close();
    expect(b.leader.term).toBeUndefined();
    b.proxy.passage = 'pass';
    await waitUntil('the other one leads', () => b.leader.term, SOON_MS);
  });

  test('errors of those who are told are reported, and change nothing', async () => {
    const boom = () => {
      throw new Error('boom');
    };
    await using a = await candidate(freshNamespace(), { onGained: boom, onLost: boom });
    await waitUntil('it leads', () => a.leader.term, SOON_MS);
    await a.leader.close();
    expect(a.errors.map(String)).toEqual(['Error: boom', 'Error: boom']);
  });
});
