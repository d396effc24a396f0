import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry, MONITOR_INTERVAL_S } from './fixtures.ts';

const IDENTITY = { platform: 'linux', version: '3.1.70' };

async function followed() {
  const fixture = createRegistry();
  fixture.registry.start();
  await settle();
  fixture.takeEvents();
  return fixture;
}

describe('at start', () => {
  test('running engines are adopted, and none is started or stopped', async () => {
    const { runtime, registry, takeEvents } = createRegistry();
    const engine = runtime.startSilently();
    registry.start();
    await settle();
    expect(registry.list().map(({ id }) => id)).toEqual([engine.id]);
    expect(takeEvents()).toEqual(['engine_started', 'runtime_connected']);
    expect(runtime.calls).toMatchObject({ create: 0, remove: 0 });
  });

  test('the registry is unavailable before the runtime has responded', async () => {
    const { runtime, registry } = createRegistry();
    runtime.hold('list');
    registry.start();
    await settle();
    expect(registry.available).toBe(false);
    expect(() => registry.assertAvailable()).toThrow(
      expect.objectContaining({ code: 'runtime_unavailable' }),
    );
    expect(() => registry.require('x')).toThrow(expect.objectContaining({ code: 'runtime_unavailable' }));
    runtime.release('list');
    await settle();
    expect(registry.available).toBe(true);
    expect(() => registry.require('x')).toThrow(expect.objectContaining({ code: 'engine_not_found' }));
  });

  test('engines are listed by port', async () => {
    const { runtime, registry } = await followed();
    for (const hostHttp of [300, 100, 200])
      runtime.start({ ports: { hostHttp, containerHttp: 1, containerHttps: 2 } });
    await settle();
    expect(registry.list().map(({ ports }) => ports.hostHttp)).toEqual([100, 200, 300]);
  });
});

describe('a paused engine', () => {
  test('stays, with an event; what its health was says nothing any more', async () => {
    const { runtime, registry, events, takeEvents } = await followed();
    const engine = runtime.start();
    await settle();
    registry.update(engine.id, { health: 'unhealthy' });
    takeEvents();
    runtime.engines.get(engine.id)!.paused = true;
    runtime.emitStarted(engine.id);
    await settle();
    expect(registry.get(engine.id)).toMatchObject({ paused: true, health: 'unknown' });
    expect(events).toEqual([
      expect.objectContaining({ type: 'engine_changed', change: 'paused', paused: true }),
    ]);
    runtime.engines.get(engine.id)!.paused = false;
    runtime.connect();
    await settle();
    expect(registry.get(engine.id)).toMatchObject({ paused: false, health: 'unknown' });
    expect(takeEvents()).toEqual(['engine_changed', 'engine_changed']);
  });
});

describe('events', () => {
  test('a started engine is added, and a stopped one removed', async () => {
    const { runtime, registry, takeEvents } = await followed();
    const { id } = runtime.start();
    await settle();
    expect(registry.get(id)).toMatchObject({ id, health: 'unknown', identity: null });
    runtime.stop(id);
    expect(registry.get(id)).toBeUndefined();
    expect(takeEvents()).toEqual(['engine_started', 'engine_stopped']);
  });

  test('a restart of which the runtime reports nothing is one all the same', async () => {
    const { runtime, registry, events } = createRegistry();
    const engine = runtime.startSilently();
    registry.start();
    await settle();
    events.length = 0;
    await registry.restart(engine.id, async () => ({ ...engine, startedAt: engine.startedAt! + 5000 }));
    expect(events).toMatchObject([
      { type: 'engine_stopped', engineId: engine.id, reason: 'restarted' },
      { type: 'engine_started', engineId: engine.id },
    ]);
    expect(registry.get(engine.id)?.startedAt).toBe(engine.startedAt! + 5000);
  });

  test('a restarted engine is a new one', async () => {
    const { runtime, registry, takeEvents } = await followed();
    const engine = runtime.start();
    await settle();
    registry.update(engine.id, { health: 'healthy', identity: IDENTITY });
    runtime.stop(engine.id);
    runtime.start({ ...engine, startedAt: engine.startedAt! + 1000 });
    await settle();
    expect(registry.get(engine.id)).toMatchObject({ health: 'unknown', identity: null });
    expect(takeEvents()).toEqual(['engine_started', 'engine_changed', 'engine_stopped', 'engine_started']);
  });

  test('an engine counts as started once its start time is known', async () => {
    const { runtime, registry, takeEvents } = await followed();
    const engine = runtime.start({ startedAt: null });
    await settle();
    registry.update(engine.id, { health: 'healthy', identity: IDENTITY });
    takeEvents();
    runtime.engines.set(engine.id, { ...engine, startedAt: 5 });
    runtime.emitStarted(engine.id);
    await settle();
    expect(registry.get(engine.id)).toMatchObject({ startedAt: 5, health: 'healthy', identity: IDENTITY });
    expect(takeEvents()).toEqual(['engine_started']);
  });

  test('a started engine that cannot be inspected is found by a reconciliation', async () => {
    const { runtime, registry, clock } = await followed();
    runtime.fail('inspect');
    const { id } = runtime.start();
    await settle();
    expect(registry.get(id)).toBeUndefined();
    await clock.advanceAsync(1000);
    expect(registry.get(id)).toBeDefined();
  });

  test('a visible change is published, another one is not', async () => {
    const { runtime, registry, events } = await followed();
    const { id } = runtime.start();
    await settle();
    events.length = 0;
    registry.update(id, { health: 'healthy', identity: IDENTITY });
    registry.update(id, { health: 'healthy', lastHealthCheck: 5 });
    registry.update(id, { lastStreamUsage: 6 });
    registry.update(id, { health: 'unhealthy' });
    registry.update('unknown', { health: 'healthy' });
    registry.update(id, { forwarded: true });
    registry.update(id, { forwarded: true });
    const changed = { type: 'engine_changed', engineId: id, deleting: false };
    // Each event names what has changed, so that the event log has no duplicates.
    expect(events).toEqual([
      { ...changed, change: 'health', health: 'healthy', forwarded: false, paused: false },
      { ...changed, change: 'health', health: 'unhealthy', forwarded: false, paused: false },
      { ...changed, change: 'forwarded', health: 'unhealthy', forwarded: true, paused: false },
    ]);
    expect(registry.get(id)).toMatchObject({ health: 'unhealthy', lastHealthCheck: 5, lastStreamUsage: 6 });
  });
});

describe('responses overtaken by events', () => {
  test('an engine that stops during a list is not added again by it', async () => {
    const { runtime, registry, clock } = await followed();
    const { id } = runtime.start();
    await settle();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    runtime.stop(id);
    runtime.release('list');
    await settle();
    expect(registry.list()).toEqual([]);
  });

  test('an engine that starts during a list is not removed by it', async () => {
    const { runtime, registry, clock, takeEvents } = await followed();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    const { id } = runtime.start();
    await settle();
    runtime.release('list');
    await settle();
    expect(registry.get(id)).toBeDefined();
    expect(takeEvents()).toEqual(['engine_started']);
  });

  test('an engine that stops while it is being inspected is not added', async () => {
    const { runtime, registry, takeEvents } = await followed();
    runtime.hold('inspect');
    const { id } = runtime.start();
    runtime.stop(id);
    runtime.release('inspect');
    await settle();
    expect(registry.get(id)).toBeUndefined();
    expect(takeEvents()).toEqual([]);
  });

  test('an engine that stops and starts while it is being inspected is added in its current state', async () => {
    const { runtime, registry } = await followed();
    runtime.hold('inspect');
    const engine = runtime.start();
    runtime.stop(engine.id);
    runtime.start({ ...engine, startedAt: engine.startedAt! + 1000 });
    runtime.release('inspect');
    await settle();
    expect(registry.get(engine.id)?.startedAt).toBe(engine.startedAt! + 1000);
  });

  test('a list requested before a restart does not undo it', async () => {
    const { runtime, registry, clock } = await followed();
    const engine = runtime.start();
    await settle();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    runtime.stopSilently(engine.id);
    runtime.start({ ...engine, startedAt: engine.startedAt! + 1000 });
    await settle();
    runtime.release('list');
    await settle();
    expect(registry.get(engine.id)?.startedAt).toBe(engine.startedAt! + 1000);
  });

  test('a deleted engine is not added again by a list requested before', async () => {
    const { runtime, registry, clock, events } = await followed();
    const { id } = runtime.start();
    await settle();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    await registry.delete(id, async () => runtime.stopSilently(id));
    runtime.release('list');
    await settle();
    expect(registry.get(id)).toBeUndefined();
    expect(events.at(-1)).toEqual({ type: 'engine_stopped', engineId: id, reason: 'deleted' });
  });
});

describe('a deleted engine', () => {
  test('is published once, as deleted, although the event precedes the response', async () => {
    const { runtime, registry, events } = await followed();
    const { id } = runtime.start();
    await settle();
    events.length = 0;
    runtime.hold('remove');
    const deletion = registry.delete(id, () => runtime.remove(id));
    expect(registry.get(id)).toBeUndefined();
    runtime.release('remove');
    await deletion;
    // The change is published first, so that nothing new uses the engine.
    expect(events).toEqual([
      {
        type: 'engine_changed',
        engineId: id,
        change: 'deleting',
        health: 'unknown',
        deleting: true,
        forwarded: false,
        paused: false,
      },
      { type: 'engine_stopped', engineId: id, reason: 'deleted' },
    ]);
  });

  test('is kept if the deletion fails, and a later stop is not a deletion', async () => {
    const { runtime, registry, events } = await followed();
    const { id } = runtime.start();
    await settle();
    runtime.fail('remove');
    await expect(registry.delete(id, () => runtime.remove(id))).rejects.toThrow('no response');
    expect(registry.get(id)).toBeDefined();
    runtime.stop(id);
    expect(events.at(-1)).toEqual({ type: 'engine_stopped', engineId: id, reason: 'gone' });
  });
});

describe('a disconnected runtime', () => {
  test('is published once, and requested again until it responds', async () => {
    const { runtime, registry, clock, takeEvents } = await followed();
    runtime.fail('list');
    runtime.disconnect();
    expect(registry.available).toBe(false);
    runtime.connect();
    await clock.advanceAsync(2000);
    expect(takeEvents()).toEqual(['runtime_disconnected']);
    runtime.recover('list');
    await clock.advanceAsync(500);
    expect(takeEvents()).toEqual(['runtime_connected']);
    expect(registry.available).toBe(true);
  });

  test('is the cause of the error', async () => {
    const { runtime, registry } = await followed();
    const reason = new Error('socket hang up');
    runtime.disconnect(reason);
    const error = expect.objectContaining({ code: 'runtime_unavailable', cause: reason });
    expect(() => registry.assertAvailable()).toThrow(error);
    expect(() => registry.assertAvailable()).toThrow(RoundhouseError);
  });

  test('is not available again before the missed changes are known', async () => {
    const { runtime, registry, takeEvents } = await followed();
    const gone = runtime.start();
    await settle();
    takeEvents();
    runtime.disconnect();
    runtime.stopSilently(gone.id);
    const come = runtime.startSilently();
    runtime.connect();
    await settle();
    expect(registry.list().map(({ id }) => id)).toEqual([come.id]);
    expect(takeEvents()).toEqual([
      'runtime_disconnected',
      'engine_started',
      'engine_stopped',
      'runtime_connected',
    ]);
  });

  test('has new engines for those that restarted meanwhile', async () => {
    const { runtime, registry, takeEvents } = await followed();
    const engine = runtime.start();
    await settle();
    registry.update(engine.id, { health: 'healthy', identity: IDENTITY });
    takeEvents();
    runtime.disconnect();
    runtime.engines.set(engine.id, { ...engine, startedAt: engine.startedAt! + 1000 });
    runtime.connect();
    await settle();
    expect(registry.get(engine.id)).toMatchObject({
      startedAt: engine.startedAt! + 1000,
      health: 'unknown',
      identity: null,
    });
    expect(takeEvents()).toEqual([
      'runtime_disconnected',
      'engine_stopped',
      'engine_started',
      'runtime_connected',
    ]);
  });

  test('never lacks an engine that restarted, so that none is started in its place', async () => {
    const { runtime, registry, bus } = await followed();
    const engine = runtime.start();
    await settle();
    const sizes: number[] = [];
    bus.subscribe(() => sizes.push(registry.size));
    runtime.engines.set(engine.id, { ...engine, startedAt: engine.startedAt! + 1000 });
    runtime.emitStarted(engine.id);
    await settle();
    expect(sizes).toEqual([1, 1]);
  });

  test('is listed again if a list was in progress when it reconnected', async () => {
    const { runtime, registry, clock } = await followed();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    const before = runtime.calls.list;
    const missed = runtime.startSilently();
    runtime.connect();
    runtime.release('list');
    await settle();
    expect(runtime.calls.list).toBe(before + 1);
    expect(registry.get(missed.id)).toBeDefined();
  });
});

describe('reconciliation', () => {
  test('finds changes without an event every MONITOR_INTERVAL_S', async () => {
    const { runtime, registry, clock } = await followed();
    const gone = runtime.start();
    await settle();
    runtime.stopSilently(gone.id);
    const come = runtime.startSilently();
    await clock.advanceAsync(MONITOR_INTERVAL_S * 1000 - 1);
    expect(registry.get(gone.id)).toBeDefined();
    await clock.advanceAsync(1);
    expect(registry.list().map(({ id }) => id)).toEqual([come.id]);
  });

  test('continues, one list at a time', async () => {
    const { runtime, clock } = await followed();
    await clock.advanceAsync(5 * MONITOR_INTERVAL_S * 1000);
    expect(runtime.calls.list).toBe(6);
    runtime.hold('list');
    await clock.advanceAsync(5 * MONITOR_INTERVAL_S * 1000);
    expect(runtime.calls.list).toBe(7);
  });

  test('ends with stop(), also during a list', async () => {
    const { runtime, registry, clock, takeEvents } = await followed();
    runtime.hold('list');
    clock.advance(MONITOR_INTERVAL_S * 1000);
    runtime.startSilently();
    registry.stop();
    runtime.release('list');
    await clock.advanceAsync(60_000);
    expect(clock.pending).toBe(0);
    expect(runtime.calls.list).toBe(2);
    expect(takeEvents()).toEqual([]);
  });

  test('ends with stop(), also while the runtime fails', async () => {
    const { runtime, registry, clock } = await followed();
    runtime.hold('inspect');
    runtime.fail('inspect');
    runtime.start();
    registry.stop();
    runtime.release('inspect');
    await clock.advanceAsync(60_000);
    expect(clock.pending).toBe(0);
  });
});
