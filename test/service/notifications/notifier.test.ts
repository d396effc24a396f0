import { describe, expect, test } from 'vitest';
import { EventBus } from '../../../src/service/events/events.ts';
import type { Condition, Reported } from '../../../src/service/notifications/conditions.ts';
import { Notifier } from '../../../src/service/notifications/notifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** What orchestrators over one Redis share. */
function sharedState() {
  const state = { reported: null as Reported | null, deleted: new Set<string>(), away: false };
  const shared = {
    load: async () => {
      if (state.away) throw new Error('away');
      return state.reported;
    },
    save: (reported: Reported) => {
      if (!state.away) state.reported = reported;
    },
    wasDeleted: async (id: string) => state.deleted.has(id),
  };
  return { state, shared };
}

/** One orchestrator, which observes a VPN and an engine. */
function orchestrator(host: string, clock: FakeClock, shared: ReturnType<typeof sharedState> | null) {
  const bus = new EventBus();
  const sent: string[] = [];
  const world = { vpnFails: false, leads: shared === null };
  const condition = (): Condition => ({
    key: 'vpn:a',
    type: 'vpn',
    level: 'error',
    isShared: true,
    failing: world.vpnFails,
    afterMs: 0,
    failed: { title: 'down', message: '' },
    recovered: 'up',
  });
  const notifier = new Notifier({
    bus,
    clock,
    now: () => clock.now(),
    conditions: () => [condition()],
    names: { engine: (id) => id, stream: (id) => id, host },
    role: () => ({ leads: world.leads, redisConnected: shared && !shared.state.away }),
    shared: shared?.shared ?? null,
    quietS: () => 300,
    send: ({ title }) => sent.push(title),
    onReported: () => {},
  });
  notifier.start();
  const lose = (engineId: string) => bus.publish({ type: 'engine_stopped', engineId, reason: 'gone' });
  return { bus, world, sent, notifier, lose };
}

/** Two orchestrators over one Redis, of which the first leads. */
async function two() {
  const clock = new FakeClock();
  const shared = sharedState();
  const [a, b] = [orchestrator('a', clock, shared), orchestrator('b', clock, shared)];
  a.world.leads = true;
  await clock.advanceAsync(10_000);
  const fail = (vpnFails: boolean) => {
    a.world.vpnFails = vpnFails;
    b.world.vpnFails = vpnFails;
  };
  return { clock, shared, a, b, fail };
}

describe('a single orchestrator', () => {
  test('reports a change within 100 ms of an event, and one without an event within 5 s', async () => {
    const clock = new FakeClock();
    const { bus, world, sent } = orchestrator('a', clock, null);
    world.vpnFails = true;
    bus.publish({ type: 'vpn_changed', vpn: 'a', connected: false });
    await clock.advanceAsync(100);
    expect(sent).toEqual(['down']);
    world.vpnFails = false;
    await clock.advanceAsync(5000);
    expect(sent).toEqual(['down', 'up']);
  });

  test('a stream of events does not delay a report', async () => {
    const clock = new FakeClock();
    const { bus, world, sent } = orchestrator('a', clock, null);
    world.vpnFails = true;
    for (let n = 0; n < 10; n += 1) {
      bus.publish({ type: 'stream_started', streamId: String(n), engineId: null });
      await clock.advanceAsync(20);
    }
    expect(sent).toEqual(['down']);
  });
});

describe('two orchestrators', () => {
  test('only the leader reports', async () => {
    const { clock, a, b, fail } = await two();
    fail(true);
    a.lose('e');
    b.lose('e');
    await clock.advanceAsync(10_000);
    fail(false);
    await clock.advanceAsync(10_000);
    expect(a.sent).toEqual(['down', 'Engine e is no longer running', 'up']);
    expect(b.sent).toEqual([]);
  });

  test('the next leader repeats nothing, and reports the end', async () => {
    const { clock, a, b, fail } = await two();
    fail(true);
    await clock.advanceAsync(10_000);
    a.notifier.close();
    a.world.leads = false;
    b.world.leads = true;
    await clock.advanceAsync(10_000);
    expect(b.sent).toEqual([]);
    fail(false);
    await clock.advanceAsync(10_000);
    expect(b.sent).toEqual(['up']);
  });

  test('the next leader reports what began to fail while nobody led', async () => {
    const { clock, a, b, fail } = await two();
    a.notifier.close();
    a.world.leads = false;
    fail(true);
    await clock.advanceAsync(10_000);
    b.world.leads = true;
    await clock.advanceAsync(10_000);
    expect([a.sent, b.sent]).toEqual([[], ['down']]);
  });

  test('the last leader continues to report while Redis is away', async () => {
    const { clock, shared, a, b, fail } = await two();
    shared.state.away = true;
    a.world.leads = false;
    fail(true);
    await clock.advanceAsync(10_000);
    shared.state.away = false;
    b.world.leads = true;
    await clock.advanceAsync(10_000);
    expect(a.sent).toEqual(['down']);
  });

  test('an engine that another orchestrator has deleted is not lost', async () => {
    const { clock, shared, a } = await two();
    shared.state.deleted.add('e');
    a.lose('e');
    a.lose('f');
    await clock.advanceAsync(10_000);
    expect(a.sent).toEqual(['Engine f is no longer running']);
  });
});
