import { describe, expect, it, onTestFinished } from 'vitest';
import { VpnMonitor } from '../../../src/service/vpn/monitor.ts';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { ManualSource } from '../../support/service/manual-source.ts';
import { DOWN, NEVER, setUp, UP, until } from './fixtures.ts';

function start(onChange?: (previous: VpnObservation, current: VpnObservation) => void) {
  const clock = new FakeClock();
  const source = new ManualSource<VpnObservation>();
  const changes: [VpnObservation, VpnObservation][] = [];
  const errors: unknown[] = [];
  const observations: VpnObservation[] = [];
  const monitor = new VpnMonitor({
    observe: source.load,
    intervalS: 5,
    clock,
    onObservation: (observation) => observations.push(observation),
    onChange: onChange ?? ((previous, current) => changes.push([previous, current])),
    onError: (error) => errors.push(error),
  });
  monitor.start();
  /** Ends the check in progress with an observation, and begins the next check. */
  const observe = async (observation: VpnObservation) => {
    await source.latest.finish(observation);
    clock.advance(5000);
  };
  return { clock, source, observations, changes, errors, monitor, observe };
}

describe('a check', () => {
  it('runs on start, then one interval after the end of the last one', async () => {
    const { clock, source } = start();
    expect(source.loads).toHaveLength(1);
    clock.advance(60_000);
    await settle();
    expect(source.loads).toHaveLength(1);
    await source.latest.finish(UP);
    clock.advance(4999);
    expect(source.loads).toHaveLength(1);
    clock.advance(1);
    expect(source.loads).toHaveLength(2);
  });

  it('reports its observation each time it succeeds', async () => {
    const { observe, source, clock, observations } = start();
    await observe(UP);
    await source.latest.fail(new Error('Docker does not respond'));
    clock.advance(5000);
    await observe(UP);
    await observe(DOWN);
    expect(observations).toEqual([UP, UP, DOWN]);
  });

  it('reports its observation after the change', async () => {
    const order: string[] = [];
    const { observe, observations } = start(() =>
      order.push(`change after ${observations.length} observations`),
    );
    await observe(UP);
    await observe(DOWN);
    expect(order).toEqual(['change after 1 observations']);
  });

  it('runs early on request', async () => {
    const { clock, source, monitor } = start();
    await source.latest.finish(UP);
    clock.advance(4000);
    monitor.check();
    expect(source.loads).toHaveLength(2);
    await source.latest.finish(UP);
    clock.advance(4999);
    expect(source.loads).toHaveLength(2);
    clock.advance(1);
    expect(source.loads).toHaveLength(3);
  });

  it('is followed by exactly one more if requested while it runs', async () => {
    const { source, monitor } = start();
    for (let event = 0; event < 5; event += 1) monitor.check();
    expect(source.loads).toHaveLength(1);
    await source.latest.finish(UP);
    expect(source.loads).toHaveLength(2);
    await source.latest.finish(UP);
    expect(source.loads).toHaveLength(2);
  });
});

describe('a change', () => {
  it.each<[string, Partial<VpnObservation>]>([
    ['health', { health: 'unhealthy', connected: false }],
    ['state', { state: 'stopped' }],
    ['container', { containerId: 'b'.repeat(64) }],
    ['start', { startedAt: 1_790_000_009_000 }],
    ['port', { forwardedPort: 6000 }],
    ['no port', { forwardedPort: null }],
    ['address', { publicAddress: { ip: '203.0.113.8', country: null, region: null, city: null } }],
    ['no address', { publicAddress: null }],
  ])('is reported with the previous observation: %s', async (_what, fields) => {
    const { observe, changes } = start();
    const changed = { ...UP, ...fields };
    await observe(UP);
    expect(changes).toEqual([]);
    await observe(changed);
    await observe({ ...changed });
    expect(changes).toEqual([[UP, changed]]);
  });

  it('is not reported if only the location differs', async () => {
    const { observe, changes } = start();
    await observe(UP);
    await observe({ ...UP, publicAddress: { ip: '203.0.113.7', country: null, region: null, city: 'Zug' } });
    expect(changes).toEqual([]);
  });

  it('is relative to the last successful check', async () => {
    const { observe, source, clock, changes, errors } = start();
    await observe(UP);
    const failure = new Error('Docker does not respond');
    for (let check = 0; check < 3; check += 1) {
      await source.latest.fail(failure);
      clock.advance(5000);
    }
    expect(changes).toEqual([]);
    expect(errors).toEqual([failure]);
    await observe(DOWN);
    expect(changes).toEqual([[UP, DOWN]]);
    await source.latest.fail(failure);
    expect(errors).toEqual([failure, failure]);
  });

  it('whose callback throws does not end the checks', async () => {
    const failure = new Error('thrown by the callback');
    const { observe, source, errors } = start(() => {
      throw failure;
    });
    await observe(UP);
    await observe(DOWN);
    expect(errors).toEqual([failure]);
    expect(source.loads).toHaveLength(3);
  });
});

describe('stopping', () => {
  it('ends the checks', async () => {
    const { clock, source, monitor } = start();
    await source.latest.finish(UP);
    monitor.stop();
    expect(clock.pending).toBe(0);
    monitor.check();
    expect(source.loads).toHaveLength(1);
  });

  it.each(['finish', 'fail'] as const)(
    'aborts the check in progress, which then reports nothing: %s',
    async (end) => {
      const { clock, source, monitor, observe, changes, errors } = start();
      await observe(UP);
      monitor.stop();
      expect(source.latest.signal.aborted).toBe(true);
      await (end === 'finish' ? source.latest.finish(DOWN) : source.latest.fail(new Error('aborted')));
      expect(changes).toEqual([]);
      expect(errors).toEqual([]);
      expect(source.loads).toHaveLength(2);
      expect(clock.pending).toBe(0);
    },
  );
});

it('causes the port to be read again once the VPN recovers, although the cached one was still fresh', async () => {
  const gluetun = await new EmulatedGluetun().listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const { vpn, cache, containers, clock } = setUp(gluetun);
  const changes: string[] = [];
  const monitor = new VpnMonitor({
    observe: vpn.observe,
    intervalS: 5,
    clock,
    onObservation: () => {},
    onChange: (previous, current) => {
      changes.push(`${previous.health} → ${current.health}`);
      cache.invalidate('vpn:*');
    },
    onError: (error) => {
      throw error;
    },
  });
  onTestFinished(() => monitor.stop());
  monitor.start();
  await until(() => expect(clock.pending).toBe(1));
  containers.change({ health: 'unhealthy' });
  monitor.check();
  await until(() => expect(changes).toEqual(['healthy → unhealthy']));
  await until(async () => expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: 5914 }));
  gluetun.behaviour.ports = [6000];
  containers.change({ health: 'healthy' });
  monitor.check();
  await until(() => expect(changes.at(1)).toBe('unhealthy → healthy'));
  expect(await vpn.observe(NEVER)).toMatchObject({ connected: true, forwardedPort: 6000 });
});
