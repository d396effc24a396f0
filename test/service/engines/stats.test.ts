import { describe, expect, test } from 'vitest';
import { EngineStats } from '../../../src/service/engines/stats.ts';
import { settle } from '../../support/fake-clock.ts';
import { sampleOf } from '../../support/service/fake-runtime.ts';
import { createRegistry } from './fixtures.ts';

const SIGNAL = new AbortController().signal;

async function withEngines(count: number) {
  const room = createRegistry();
  const engines = Array.from({ length: count }, () => room.runtime.startUnnoticed());
  room.registry.start();
  await settle();
  return { ...room, engines, stats: new EngineStats(room.runtime, room.registry, room.clock) };
}

describe('one engine', () => {
  test('its figures are those of its sample', async () => {
    const { engines, runtime, stats } = await withEngines(2);
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
    expect(await stats.one(engine!.id, SIGNAL)).toEqual({
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
    });
  });

  test.each([
    ['another container', 'the-vpn', 'shared'],
    ['the host', null, 'host'],
  ])('a network that is that of %s is said to be', async (_, networkNamespace, scope) => {
    const { engines, runtime, stats } = await withEngines(1);
    runtime.samples.set(engines[0]!.id, sampleOf(engines[0]!, { networkNamespace }));
    expect((await stats.one(engines[0]!.id, SIGNAL)).networkScope).toBe(scope);
  });

  test('without a limit there is no percentage of it', async () => {
    const { engines, runtime, stats } = await withEngines(1);
    runtime.samples.set(engines[0]!.id, sampleOf(engines[0]!, { memoryLimit: 0 }));
    expect((await stats.one(engines[0]!.id, SIGNAL)).memoryPercent).toBe(0);
  });

  test('one that is not managed is not asked for, one that cannot be read is no zero', async () => {
    const { engines, runtime, stats } = await withEngines(1);
    await expect(stats.one('unknown', SIGNAL)).rejects.toMatchObject({ code: 'engine_not_found' });
    expect(runtime.calls.sample).toBe(0);
    runtime.samples.clear();
    await expect(stats.one(engines[0]!.id, SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
  });
});

describe('all engines', () => {
  test('are read in one call, by id', async () => {
    const { engines, runtime, stats } = await withEngines(3);
    const all = await stats.all(SIGNAL);
    expect(Object.keys(all).sort()).toEqual(engines.map(({ id }) => id).sort());
    for (const { id } of engines) expect(all[id]?.engineId).toBe(id);
    expect(runtime.calls.sample).toBe(1);
  });

  test('one that cannot be read is left out', async () => {
    const { engines, runtime, stats } = await withEngines(3);
    runtime.samples.delete(engines[1]!.id);
    expect(Object.keys(await stats.all(SIGNAL)).sort()).toEqual([engines[0]!.id, engines[2]!.id].sort());
    expect((await stats.total(SIGNAL)).engineCount).toBe(2);
  });

  test('one that has not started yet is not read', async () => {
    const { runtime, registry, engines, stats } = await withEngines(1);
    runtime.start({ startedAt: null });
    await settle();
    expect(registry.size).toBe(2);
    expect(Object.keys(await stats.all(SIGNAL))).toEqual([engines[0]!.id]);
  });

  test('if none can be read, that is a fault and no sum of zero', async () => {
    const { runtime, stats } = await withEngines(2);
    runtime.samples.clear();
    await expect(stats.total(SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
    await expect(stats.all(SIGNAL)).rejects.toMatchObject({ code: 'stats_unavailable' });
  });

  test('if all have stopped while they were being read, there are none', async () => {
    const { runtime, engines, stats } = await withEngines(2);
    runtime.samples.clear();
    runtime.hold('sample');
    const all = stats.all(SIGNAL);
    for (const { id } of engines) runtime.stop(id);
    runtime.release('sample');
    expect(await all).toEqual({});
  });

  test('without engines there is nothing to ask', async () => {
    const { runtime, stats } = await withEngines(0);
    expect(await stats.all(SIGNAL)).toEqual({});
    expect(await stats.total(SIGNAL)).toEqual({
      cpuPercent: 0,
      memoryUsage: 0,
      networkRx: 0,
      networkTx: 0,
      blockRead: 0,
      blockWrite: 0,
      engineCount: 0,
    });
    expect(runtime.calls.sample).toBe(0);
  });

  test('nothing is read of a runtime that is away', async () => {
    const { runtime, engines, stats } = await withEngines(1);
    runtime.disconnect();
    const away = { code: 'runtime_unavailable' };
    await expect(stats.total(SIGNAL)).rejects.toMatchObject(away);
    await expect(stats.one(engines[0]!.id, SIGNAL)).rejects.toMatchObject(away);
    expect(runtime.calls.sample).toBe(0);
  });
});

describe('totals', () => {
  test('are the sums', async () => {
    const { runtime, engines, stats } = await withEngines(2);
    const [a, b] = engines;
    const figures = { cpuNs: 333_330_000, memoryUsage: 10, blockRead: 1, blockWrite: 2 };
    runtime.samples.set(a!.id, sampleOf(a!, { ...figures, networkRx: 100, networkTx: 200 }));
    runtime.samples.set(b!.id, sampleOf(b!, { ...figures, networkRx: 1000, networkTx: 2000 }));
    expect(await stats.total(SIGNAL)).toEqual({
      cpuPercent: 66.67,
      memoryUsage: 20,
      networkRx: 1100,
      networkTx: 2200,
      blockRead: 2,
      blockWrite: 4,
      engineCount: 2,
    });
  });

  test('count a network that engines share once, however many do', async () => {
    const { runtime, engines, stats } = await withEngines(5);
    const vpn = { networkNamespace: 'the-vpn', networkRx: 7000, networkTx: 70 };
    for (const engine of engines.slice(0, 3)) runtime.samples.set(engine.id, sampleOf(engine, vpn));
    for (const engine of engines.slice(3))
      runtime.samples.set(engine.id, sampleOf(engine, { networkRx: 1, networkTx: 2 }));
    expect(await stats.total(SIGNAL)).toMatchObject({
      networkRx: 7002,
      networkTx: 74,
      engineCount: 5,
    });
  });

  test('measure CPU from one read to the next', async () => {
    const { runtime, engines, stats } = await withEngines(1);
    const [engine] = engines;
    const at = (seconds: number, cpuSeconds: number) =>
      runtime.samples.set(
        engine!.id,
        sampleOf(engine!, { takenAt: engine!.startedAt! + seconds * 1000, cpuNs: cpuSeconds * 1e9 }),
      );
    at(100, 100);
    expect((await stats.total(SIGNAL)).cpuPercent).toBe(100);
    at(110, 101);
    expect((await stats.total(SIGNAL)).cpuPercent).toBe(10);
  });
});

describe('samples', () => {
  const MAX_AGE_MS = 5000;

  test('are those of the last read while they are recent, whoever had it made', async () => {
    const { runtime, clock, stats, engines } = await withEngines(2);
    await stats.total(SIGNAL);
    clock.advance(MAX_AGE_MS);
    expect([...(await stats.samples(MAX_AGE_MS, SIGNAL)).keys()]).toEqual(engines.map(({ id }) => id));
    expect(runtime.calls.sample).toBe(1);
    clock.advance(1);
    await stats.samples(MAX_AGE_MS, SIGNAL);
    expect(runtime.calls.sample).toBe(2);
  });

  test('leave out an engine that has stopped since, and are read anew for one that has started', async () => {
    const { runtime, stats, engines } = await withEngines(2);
    await stats.total(SIGNAL);
    runtime.stop(engines[0]!.id);
    expect([...(await stats.samples(MAX_AGE_MS, SIGNAL)).keys()]).toEqual([engines[1]!.id]);
    expect(runtime.calls.sample).toBe(1);
    const { id } = runtime.start();
    await settle();
    expect((await stats.samples(MAX_AGE_MS, SIGNAL)).has(id)).toBe(true);
    expect(runtime.calls.sample).toBe(2);
  });

  test('are not to be had of a runtime that is away', async () => {
    const { runtime, stats } = await withEngines(1);
    await stats.total(SIGNAL);
    runtime.disconnect();
    await expect(stats.samples(MAX_AGE_MS, SIGNAL)).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });
});
