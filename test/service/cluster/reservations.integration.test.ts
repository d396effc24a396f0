import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { RedisReservations } from '../../../src/service/cluster/reservations.ts';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import type { Reservation } from '../../../src/service/engines/reservations.ts';
import { connectedLink, freshNamespace, PATIENT, SOON_MS } from '../../library/redis/support.ts';
import { settle } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createRegistry } from '../engines/fixtures.ts';

describeWithRedis('reservations in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function reservations(prefix = freshNamespace()) {
    const link = await connectedLink(server.url, { prefix });
    onTestFinished(() => link.close());
    const errors: unknown[] = [];
    const hash = `${prefix}:{provisioning}:reservations`;
    return { all: new RedisReservations(link, (error) => errors.push(error)), errors, hash, link };
  }

  const reservation = (name: string, change: Partial<Reservation> = {}): Reservation => ({
    name,
    claims: [name],
    known: [],
    maxEngines: 10,
    ...change,
  });

  /** The provisioner of one of several orchestrators. None of them sees the engines of another. */
  async function orchestrator(prefix: string, maxReplicas: number) {
    const { registry, runtime, bus, clock } = createRegistry({ mapsPorts: false });
    const { all } = await reservations(prefix);
    const provisioner = new Provisioner({
      runtime,
      registry,
      bus,
      clock,
      breaker: new CircuitBreaker({ clock, failureThreshold: 5, recoveryTimeoutS: 60, onChange: () => {} }),
      ports: new PortPool({ first: 19_000, last: 19_099 }, () => portsInUse(registry, runtime)),
      maxReplicas,
      reservations: all,
      readVpn: async () => ({ enabled: false, connected: false }),
    });
    registry.start();
    await settle();
    return { provisioner, runtime };
  }

  test('two orchestrators never use the same port, and share the maximum', async () => {
    const prefix = freshNamespace();
    const two = [await orchestrator(prefix, 9), await orchestrator(prefix, 9)];
    const requests = two.flatMap(({ provisioner }) =>
      Array.from({ length: 6 }, () => provisioner.provision()),
    );
    const outcomes = await Promise.allSettled(requests);
    const engines = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    expect(engines).toHaveLength(9);
    const ports = engines.flatMap(({ ports }) => [ports.hostHttp, ports.containerHttps]);
    expect(new Set(ports).size).toBe(18);
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of refusals) expect(reason).toMatchObject({ blocked: { code: 'max_capacity' } });
  });

  test('an engine that stops makes room for one of another orchestrator', async () => {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix, 1), await orchestrator(prefix, 1)];
    const { id } = await a.provisioner.provision();
    await expect(b.provisioner.provision()).rejects.toMatchObject({ blocked: { code: 'max_capacity' } });
    a.runtime.stop(id);
    const started = async () => (await b.provisioner.provision().catch(() => null)) !== null;
    await waitUntil('there is room', started, SOON_MS);
  });

  test('a start that fails reserves nothing', async () => {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix, 1), await orchestrator(prefix, 1)];
    a.runtime.fail('create');
    await expect(a.provisioner.provision()).rejects.toMatchObject({ code: 'runtime_unavailable' });
    const started = async () => (await b.provisioner.provision().catch(() => null)) !== null;
    await waitUntil('there is room', started, SOON_MS);
  });

  test('a claim belongs to one engine; what is taken is listed', async () => {
    const { all, errors } = await reservations();
    expect(await all.reserve(reservation('a', { claims: ['1', '2'] }))).toEqual({ kind: 'reserved' });
    expect(await all.reserve(reservation('b', { claims: ['2', '3'] }))).toEqual({
      kind: 'taken',
      claims: new Set(['1', '2']),
    });
    all.release('a');
    expect(await all.reserve(reservation('b', { claims: ['2', '3'] }))).toEqual({ kind: 'reserved' });
    expect(errors).toEqual([]);
  });

  test('engines count once, with or without a reservation', async () => {
    const { all } = await reservations();
    const limit = { maxEngines: 2 };
    expect(await all.reserve(reservation('a', limit))).toEqual({ kind: 'reserved' });
    expect(await all.reserve(reservation('b', { ...limit, known: ['a'] }))).toEqual({ kind: 'reserved' });
    expect(await all.reserve(reservation('c', { ...limit, known: ['a', 'b'] }))).toEqual({ kind: 'full' });
    expect(await all.reserve(reservation('c', { ...limit, known: ['a'] }))).toEqual({ kind: 'full' });
    all.release('b');
    expect(await all.reserve(reservation('c', { ...limit, known: ['a'] }))).toEqual({ kind: 'reserved' });
  });

  test('those that have ended, or cannot be read, are deleted', async () => {
    const { all, hash, errors } = await reservations();
    const far = Date.now() + 10 * 86_400_000;
    for (const [name, record] of Object.entries({
      ended: JSON.stringify({ ends: Date.now() - 1, claims: ['1'] }),
      far: JSON.stringify({ ends: far, claims: ['1'] }),
      'not a number': JSON.stringify({ ends: 'nan', claims: ['1'] }),
      nonsense: 'nonsense',
      number: '7',
      incomplete: JSON.stringify({ ends: Date.now() + 1000 }),
    }))
      await server.command('HSET', hash, name, record);
    expect(await all.reserve(reservation('a', { claims: ['1'], maxEngines: 1 }))).toEqual({
      kind: 'reserved',
    });
    expect(await server.command('HKEYS', hash)).toEqual(['a']);
    expect(Number(await server.command('PTTL', hash))).toBeGreaterThan(0);
    expect(errors).toEqual([]);
  });

  test.each([
    ['text', ['SET', 'x']],
    ['a list', ['RPUSH', 'x']],
    ['a sorted set', ['ZADD', '1', 'x']],
    ['a stream', ['XADD', '*', 'a', 'b']],
  ])('%s under their key is replaced', async (_, [command, ...values]) => {
    const { all, hash, errors } = await reservations();
    await server.command(command!, hash, ...values);
    expect(await all.reserve(reservation('a', { claims: ['1'] }))).toEqual({ kind: 'reserved' });
    expect(await all.reserve(reservation('b', { claims: ['1'] }))).toMatchObject({ kind: 'taken' });
    expect(errors).toEqual([]);
  });

  test('without Redis, everything is granted', async () => {
    using link = new RedisLink({ ...PATIENT, url: 'redis://127.0.0.1:1' });
    const unavailable: unknown[] = [];
    const none = new RedisReservations(link, (error) => unavailable.push(error));
    expect(await none.reserve(reservation('a'))).toEqual({ kind: 'reserved' });
    none.release('a');
    await settle();
    expect(unavailable).toHaveLength(2);
  });
});
