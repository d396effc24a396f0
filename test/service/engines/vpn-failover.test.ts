import { describe, expect, test } from 'vitest';
import { type FailoverVpn, findNetworkLoss, VpnFailover } from '../../../src/service/engines/vpn-failover.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

const ID = 'a'.repeat(64);
const VPN: FailoverVpn = { container: 'one', containerId: ID, startedAt: 1000, failed: false };
const ENGINE = { vpnContainer: 'one', vpnContainerId: ID, startedAt: 2000 };

describe('an engine', () => {
  test.each<[string, Partial<FailoverVpn>, Partial<typeof ENGINE> | { startedAt: null }, string | null]>([
    ['unchanged', {}, {}, null],
    ['recreated', { containerId: 'b'.repeat(64), startedAt: 3000 }, {}, 'vpn_recreated'],
    ['restarted', { startedAt: 3000 }, {}, 'vpn_restarted'],
    ['restarted before the engine started', { startedAt: 1999 }, {}, null],
    ['restarted while the engine starts', { startedAt: 3000 }, { startedAt: null }, null],
    ['failed', { failed: true }, {}, 'vpn_failed'],
    ['gone', { containerId: null, startedAt: null }, {}, null],
    ['gone, while another can take over', { containerId: null, failed: true }, {}, 'vpn_failed'],
    ['not the one of the engine', { failed: true, containerId: 'b' }, { vpnContainer: 'two' }, null],
  ])('and its VPN %s', (_, vpn, engine, loss) => {
    expect(findNetworkLoss({ ...ENGINE, ...engine }, [{ ...VPN, ...vpn }])).toBe(loss);
  });

  test('without a VPN loses no network', () => {
    const engine = { vpnContainer: null, vpnContainerId: null, startedAt: 1 };
    expect(findNetworkLoss(engine, [{ ...VPN, failed: true }])).toBeNull();
  });

  test('not pinned to a container is not affected by its recreation', () => {
    expect(findNetworkLoss({ ...ENGINE, vpnContainerId: null, startedAt: 1 }, [VPN])).toBeNull();
  });
});

async function start() {
  const fixture = createRegistry();
  const { registry, runtime } = fixture;
  const vpns = [{ ...VPN }, { ...VPN, container: 'two', containerId: 'b'.repeat(64) }];
  const leadership = { leading: true };
  const losses: string[] = [];
  const errors: unknown[] = [];
  const failover = new VpnFailover({
    registry,
    vpns: () => vpns,
    mayAct: () => leadership.leading,
    remove: (id) => registry.delete(id, () => runtime.remove(id)),
    onLoss: ({ name }, reason) => losses.push(`${name} ${reason}`),
    onError: (error) => errors.push(error),
  });
  const add = (name: string, index: number, properties = {}) =>
    runtime.startSilently({
      name,
      vpnContainer: vpns[index]!.container,
      vpnContainerId: vpns[index]!.containerId,
      ...properties,
    });
  add('a', 0);
  add('b', 0, { forwardedPort: 6001 });
  add('c', 1);
  registry.start();
  await settle();
  const names = () => registry.list().map(({ name }) => name);
  return { ...fixture, vpns, leadership, losses, errors, failover, names };
}

describe('failover', () => {
  test('keeps engines whose VPN is unchanged', async () => {
    const { failover, names, runtime } = await start();
    failover.reconcile();
    await settle();
    expect([names(), runtime.calls.remove]).toEqual([['a', 'b', 'c'], 0]);
  });

  test('removes the engines of a failed VPN one at a time, the forwarded one first', async () => {
    const { failover, vpns, runtime, names, losses } = await start();
    vpns[0]!.failed = true;
    runtime.hold('remove');
    failover.reconcile();
    failover.reconcile();
    await settle();
    expect([runtime.calls.remove, losses]).toEqual([1, ['b vpn_failed']]);
    runtime.release('remove');
    await settle();
    expect([names(), losses]).toEqual([['c'], ['b vpn_failed', 'a vpn_failed']]);
  });

  test('is done by the leader only, which is checked before each removal', async () => {
    const { failover, vpns, leadership, runtime, names } = await start();
    leadership.leading = false;
    vpns[0]!.failed = true;
    failover.reconcile();
    await settle();
    expect(runtime.calls.remove).toBe(0);
    leadership.leading = true;
    runtime.hold('remove');
    failover.reconcile();
    await settle();
    leadership.leading = false;
    runtime.release('remove');
    await settle();
    expect(names()).toEqual(['a', 'c']);
  });

  test('stops if the VPN recovers before all are removed', async () => {
    const { failover, vpns, runtime, names } = await start();
    vpns[0]!.failed = true;
    runtime.hold('remove');
    failover.reconcile();
    await settle();
    vpns[0]!.failed = false;
    runtime.release('remove');
    await settle();
    expect(names()).toEqual(['a', 'c']);
  });

  test('continues after a failed removal and retries it the next time', async () => {
    const { failover, vpns, runtime, names, errors } = await start();
    vpns[0]!.containerId = 'c'.repeat(64);
    runtime.fail('remove', new RoundhouseError('runtime_unavailable', 'no'));
    failover.reconcile();
    await settle();
    expect([runtime.calls.remove, errors.length, names()]).toEqual([2, 2, ['a', 'b', 'c']]);
    runtime.recover('remove');
    failover.reconcile();
    await settle();
    expect(names()).toEqual(['c']);
  });

  test('does not remove an engine that is already being removed', async () => {
    const { failover, vpns, registry, runtime } = await start();
    runtime.hold('remove');
    for (const { id, vpnContainer } of registry.list())
      if (vpnContainer === 'one') void registry.delete(id, () => runtime.remove(id));
    vpns[0]!.failed = true;
    failover.reconcile();
    await settle();
    expect(runtime.calls.remove).toBe(2);
    runtime.release('remove');
  });

  test('waits while the runtime is unavailable, and does nothing after stop()', async () => {
    const { failover, vpns, runtime } = await start();
    vpns[0]!.failed = true;
    runtime.disconnect();
    failover.reconcile();
    await settle();
    expect(runtime.calls.remove).toBe(0);
    runtime.connect();
    await settle();
    runtime.hold('remove');
    failover.reconcile();
    await settle();
    failover.stop();
    runtime.release('remove');
    await settle();
    expect(runtime.calls.remove).toBe(1);
  });
});
