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
  const seen: VpnObservation[] = [];
  const monitor = new VpnMonitor({
    observe: source.load,
    intervalS: 5,
    clock,
    onSeen: (observation) => seen.push(observation),
    onChange: onChange ?? ((previous, current) => changes.push([previous, current])),
    onError: (error) => errors.push(error),
  });
  monitor.start();
  /** Ends the look under way with what it saw, and begins the next. */
  const see = async (seen: VpnObservation) => {
    await source.latest.finish(seen);
    clock.advance(5000);
  };
  return { clock, source, seen, changes, errors, monitor, see };
}

describe('a look at the VPN', () => {
  it('is taken at once, then one interval after the last has ended', async () => {
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

  it('is told each time it succeeds', async () => {
    const { see, source, clock, seen } = start();
    await see(UP);
    await source.latest.fail(new Error('Docker does not answer'));
    clock.advance(5000);
    await see(UP);
    await see(DOWN);
    expect(seen).toEqual([UP, UP, DOWN]);
  });

  it('is told after the change that it shows', async () => {
    const order: string[] = [];
    const { see, seen } = start(() => order.push(`change, ${seen.length} seen before`));
    await see(UP);
    await see(DOWN);
    expect(order).toEqual(['change, 1 seen before']);
  });

  it('is taken early when something is known to have happened', async () => {
    const { clock, source, monitor } = start();
    await source.latest.finish(UP);
    clock.advance(4000);
    monitor.poke();
    expect(source.loads).toHaveLength(2);
    await source.latest.finish(UP);
    clock.advance(4999);
    expect(source.loads).toHaveLength(2);
    clock.advance(1);
    expect(source.loads).toHaveLength(3);
  });

  it('is followed by one more when something happens during it', async () => {
    const { source, monitor } = start();
    for (let event = 0; event < 5; event += 1) monitor.poke();
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
  ])('is told, with before and after: %s', async (_what, facts) => {
    const { see, changes } = start();
    const changed = { ...UP, ...facts };
    await see(UP);
    expect(changes).toEqual([]);
    await see(changed);
    await see({ ...changed });
    expect(changes).toEqual([[UP, changed]]);
  });

  it('is not that which only looks different', async () => {
    const { see, changes } = start();
    await see(UP);
    await see({ ...UP, publicAddress: { ip: '203.0.113.7', country: null, region: null, city: 'Zug' } });
    expect(changes).toEqual([]);
  });

  it('is compared with the last look that succeeded', async () => {
    const { see, source, clock, changes, errors } = start();
    await see(UP);
    const failure = new Error('Docker does not answer');
    for (let look = 0; look < 3; look += 1) {
      await source.latest.fail(failure);
      clock.advance(5000);
    }
    expect(changes).toEqual([]);
    expect(errors).toEqual([failure]);
    await see(DOWN);
    expect(changes).toEqual([[UP, DOWN]]);
    await source.latest.fail(failure);
    expect(errors).toEqual([failure, failure]);
  });

  it('does not end the looking when whoever is told of it fails', async () => {
    const failure = new Error('no use for it');
    const { see, source, errors } = start(() => {
      throw failure;
    });
    await see(UP);
    await see(DOWN);
    expect(errors).toEqual([failure]);
    expect(source.loads).toHaveLength(3);
  });
});

describe('stopping', () => {
  it('ends the looks', async () => {
    const { clock, source, monitor } = start();
    await source.latest.finish(UP);
    monitor.stop();
    expect(clock.pending).toBe(0);
    monitor.poke();
    expect(source.loads).toHaveLength(1);
  });

  it.each(['finish', 'fail'] as const)(
    'ends the look under way, which then tells nothing: %s',
    async (end) => {
      const { clock, source, monitor, see, changes, errors } = start();
      await see(UP);
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

it('has the port asked for anew once the VPN is back, though the old one was still fresh', async () => {
  const gluetun = await new EmulatedGluetun().listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const { vpn, cache, containers, clock } = setUp(gluetun);
  const changes: string[] = [];
  const monitor = new VpnMonitor({
    observe: vpn.observe,
    intervalS: 5,
    clock,
    onSeen: () => {},
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
  monitor.poke();
  await until(() => expect(changes).toEqual(['healthy → unhealthy']));
  await until(async () => expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: 5914 }));
  gluetun.behaviour.ports = [6000];
  containers.change({ health: 'healthy' });
  monitor.poke();
  await until(() => expect(changes.at(1)).toBe('unhealthy → healthy'));
  expect(await vpn.observe(NEVER)).toMatchObject({ connected: true, forwardedPort: 6000 });
});
