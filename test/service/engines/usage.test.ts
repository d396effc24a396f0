import { describe, expect, test } from 'vitest';
import { EngineUsageReader } from '../../../src/service/engines/usage.ts';
import { settle } from '../../support/fake-clock.ts';
import { sampleOf } from '../../support/service/fake-runtime.ts';
import { createRegistry } from './fixtures.ts';

const SIGNAL = new AbortController().signal;

async function withEngines(count: number) {
  const fixture = createRegistry();
  const engines = Array.from({ length: count }, () => fixture.runtime.startSilently());
  fixture.registry.start();
  await settle();
  return {
    ...fixture,
    engines,
    usage: new EngineUsageReader(fixture.runtime, fixture.registry, fixture.clock),
  };
}

describe('the usage of one engine', () => {
  test('is computed from its sample', async () => {
    const { engines, runtime, usage } = await withEngines(2);
    const [engine] = engines;
    runtime.samples.set(
      engine!.id,
      sampleOf(engine!, {
        takenAt: engine!.startedAt! + 8000,
        cpuNs: 1_000_000_000,
        memoryUsage: 1000,
        memoryLimit: 3000,
        networkRx: 1,
        networkTx: 2,
        blockRead: 3,
        blockWrite: 4,
      }),
    );
    expect(await usage.one(engine!.id, SIGNAL)).toEqual({
      engineId: engine!.id,
      cpuPercent: 12.5,
      memoryUsage: 1000,
      memoryLimit: 3000,
      memoryPercent: 33.33,
      networkRx: 1,
      networkTx: 2,
      networkScope: 'own',
      blockRead: 3,
      blockWrite: 4,
      isStale: false,
    });
  });

  test.each([
    ['another container', 'the-vpn', 'shared'],
    ['the host', null, 'host'],
  ])('reports the network of %s', async (_, networkNamespace, scope) => {
    const { engines, runtime, usage } = await withEngines(1);
    runtime.samples.set(engines[0]!.id, sampleOf(engines[0]!, { networkNamespace }));
    expect((await usage.one(engines[0]!.id, SIGNAL)).networkScope).toBe(scope);
  });

  test('has a memory percentage of 0 without a limit', async () => {
    const { engines, runtime, usage } = await withEngines(1);
    runtime.samples.set(engines[0]!.id, sampleOf(engines[0]!, { memoryLimit: 0 }));
    expect((await usage.one(engines[0]!.id, SIGNAL)).memoryPercent).toBe(0);
  });

  test('is an error for an unmanaged or unreadable engine', async () => {
    const { engines, runtime, usage } = await withEngines(1);
    await expect(usage.one('unknown', SIGNAL)).rejects.toMatchObject({ code: 'engine_not_found' });
    expect(runtime.calls.sample).toBe(0);
    runtime.samples.clear();
    await expect(usage.one(engines[0]!.id, SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
  });
});

describe('the usage of all engines', () => {
  test('is sampled in one call and returned by id', async () => {
    const { engines, runtime, usage } = await withEngines(3);
    const all = await usage.all(SIGNAL);
    expect(Object.keys(all).sort()).toEqual(engines.map(({ id }) => id).sort());
    for (const { id } of engines) expect(all[id]?.engineId).toBe(id);
    expect(runtime.calls.sample).toBe(1);
  });

  test('omits an engine that cannot be read', async () => {
    const { engines, runtime, usage } = await withEngines(3);
    runtime.samples.delete(engines[1]!.id);
    expect(Object.keys(await usage.all(SIGNAL)).sort()).toEqual([engines[0]!.id, engines[2]!.id].sort());
    expect((await usage.total(SIGNAL)).engineCount).toBe(2);
  });

  test('omits an engine that is starting', async () => {
    const { runtime, registry, engines, usage } = await withEngines(1);
    runtime.start({ startedAt: null });
    await settle();
    expect(registry.size).toBe(2);
    expect(Object.keys(await usage.all(SIGNAL))).toEqual([engines[0]!.id]);
  });

  test('is an error if no engine can be read', async () => {
    const { runtime, usage } = await withEngines(2);
    runtime.samples.clear();
    await expect(usage.total(SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
    await expect(usage.all(SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
  });

  test('is empty if all engines stopped while they were sampled', async () => {
    const { runtime, engines, usage } = await withEngines(2);
    runtime.samples.clear();
    runtime.hold('sample');
    const all = usage.all(SIGNAL);
    for (const { id } of engines) runtime.stop(id);
    runtime.release('sample');
    expect(await all).toEqual({});
  });

  test('is empty without engines, and nothing is sampled', async () => {
    const { runtime, usage } = await withEngines(0);
    expect(await usage.all(SIGNAL)).toEqual({});
    expect(await usage.total(SIGNAL)).toEqual({
      cpuPercent: 0,
      memoryUsage: 0,
      networkRx: 0,
      networkTx: 0,
      blockRead: 0,
      blockWrite: 0,
      engineCount: 0,
      staleEngineCount: 0,
      missingNodes: [],
    });
    expect(runtime.calls.sample).toBe(0);
  });

  test('is an error while the runtime is unavailable', async () => {
    const { runtime, engines, usage } = await withEngines(1);
    runtime.disconnect();
    const unavailable = { code: 'runtime_unavailable' };
    await expect(usage.total(SIGNAL)).rejects.toMatchObject(unavailable);
    await expect(usage.one(engines[0]!.id, SIGNAL)).rejects.toMatchObject(unavailable);
    expect(runtime.calls.sample).toBe(0);
  });
});

describe('totals', () => {
  test('are the sums of all engines', async () => {
    const { runtime, engines, usage } = await withEngines(2);
    const [a, b] = engines;
    const common = { cpuNs: 333_330_000, memoryUsage: 10, blockRead: 1, blockWrite: 2 };
    runtime.samples.set(a!.id, sampleOf(a!, { ...common, networkRx: 100, networkTx: 200 }));
    runtime.samples.set(b!.id, sampleOf(b!, { ...common, networkRx: 1000, networkTx: 2000 }));
    expect(await usage.total(SIGNAL)).toEqual({
      cpuPercent: 66.67,
      memoryUsage: 20,
      networkRx: 1100,
      networkTx: 2200,
      blockRead: 2,
      blockWrite: 4,
      engineCount: 2,
      staleEngineCount: 0,
      missingNodes: [],
    });
  });

  test('count a shared network once', async () => {
    const { runtime, engines, usage } = await withEngines(5);
    const vpn = { networkNamespace: 'the-vpn', networkRx: 7000, networkTx: 70 };
    for (const engine of engines.slice(0, 3)) runtime.samples.set(engine.id, sampleOf(engine, vpn));
    for (const engine of engines.slice(3))
      runtime.samples.set(engine.id, sampleOf(engine, { networkRx: 1, networkTx: 2 }));
    expect(await usage.total(SIGNAL)).toMatchObject({
      networkRx: 7002,
      networkTx: 74,
      engineCount: 5,
      staleEngineCount: 0,
      missingNodes: [],
    });
  });

  test('name the nodes of engines without a current sample', async () => {
    const { runtime, registry, clock } = createRegistry();
    const engines = ['a', 'b', 'c', 'a'].map((name) =>
      runtime.startSilently({ node: { id: `id-${name}`, name } }),
    );
    registry.start();
    await settle();
    const usage = new EngineUsageReader(runtime, registry, clock);
    const [current, stale, missing] = engines;
    runtime.samples.set(current!.id, sampleOf(current!, {}));
    runtime.samples.set(stale!.id, sampleOf(stale!, { isStale: true }));
    runtime.samples.delete(missing!.id);
    expect(await usage.total(SIGNAL)).toMatchObject({
      engineCount: 3,
      staleEngineCount: 1,
      missingNodes: ['b', 'c'],
    });
  });

  test('measure CPU usage between two samples', async () => {
    const { runtime, engines, usage } = await withEngines(1);
    const [engine] = engines;
    const at = (seconds: number, cpuSeconds: number) =>
      runtime.samples.set(
        engine!.id,
        sampleOf(engine!, { takenAt: engine!.startedAt! + seconds * 1000, cpuNs: cpuSeconds * 1e9 }),
      );
    at(100, 100);
    expect((await usage.total(SIGNAL)).cpuPercent).toBe(100);
    at(110, 101);
    expect((await usage.total(SIGNAL)).cpuPercent).toBe(10);
  });
});

describe('samples', () => {
  const MAX_AGE_MS = 5000;

  test('are the latest ones while they are recent', async () => {
    const { runtime, clock, usage, engines } = await withEngines(2);
    await usage.total(SIGNAL);
    clock.advance(MAX_AGE_MS);
    expect([...(await usage.samples(MAX_AGE_MS, SIGNAL)).keys()]).toEqual(engines.map(({ id }) => id));
    expect(runtime.calls.sample).toBe(1);
    clock.advance(1);
    await usage.samples(MAX_AGE_MS, SIGNAL);
    expect(runtime.calls.sample).toBe(2);
  });

  test('omit an engine that has stopped since, and are taken again if one has started', async () => {
    const { runtime, usage, engines } = await withEngines(2);
    await usage.total(SIGNAL);
    runtime.stop(engines[0]!.id);
    expect([...(await usage.samples(MAX_AGE_MS, SIGNAL)).keys()]).toEqual([engines[1]!.id]);
    expect(runtime.calls.sample).toBe(1);
    const { id } = runtime.start();
    await settle();
    expect((await usage.samples(MAX_AGE_MS, SIGNAL)).has(id)).toBe(true);
    expect(runtime.calls.sample).toBe(2);
  });

  test('are not available while the runtime is unavailable', async () => {
    const { runtime, usage } = await withEngines(1);
    await usage.total(SIGNAL);
    runtime.disconnect();
    await expect(usage.samples(MAX_AGE_MS, SIGNAL)).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });
});
