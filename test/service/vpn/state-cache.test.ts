import { describe, expect, it } from 'vitest';
import { Cache } from '../../../src/library/cache/index.ts';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { VPN_STATE_KEY, VpnStateCache } from '../../../src/service/vpn/state-cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';
import { DOWN, UP } from './fixtures.ts';

/** The cached state of one VPN, whose observations a test sets. */
function start() {
  const clock = new FakeClock();
  const cache = new Cache({ clock, staleIfErrorS: 30 });
  const source = new ManualSource<VpnObservation>();
  const vpns = [{ name: 'gluetun', observe: source.load }];
  const fleet = new VpnFleet({ vpns, clock, onEmergency: () => {} });
  const state = new VpnStateCache({ fleet, cache, ttlS: 3 });
  const load = async (observation: VpnObservation) => {
    const read = state.get();
    await Promise.resolve();
    await source.latest.finish(observation);
    return await read;
  };
  return { clock, cache, source, state, load };
}

describe('the cached state of the VPNs', () => {
  it('is loaded once for concurrent readers, and returned as the same object while it is fresh', async () => {
    const { clock, source, state, load } = start();
    const other = state.get();
    const first = await load(UP);
    expect(await other).toBe(first);
    expect(first.vpns).toEqual([{ name: 'gluetun', ...UP }]);
    clock.advance(2999);
    expect(state.read()).toMatchObject({ value: first, outcome: 'hit', ageS: 2.999 });
    expect(source.loads).toHaveLength(1);
    clock.advance(1);
    expect(await load(DOWN)).not.toBe(first);
    expect(source.loads).toHaveLength(2);
  });

  it('is loaded again after an event of the VPN', async () => {
    const { cache, load } = start();
    await load(UP);
    expect(cache.invalidate('vpn:*')).toBe(1);
    expect((await load(DOWN)).vpns).toMatchObject([{ connected: false }]);
  });

  it('is served stale, with its age, while it cannot be loaded', async () => {
    const { clock, source, state, load } = start();
    const good = await load(UP);
    clock.advance(5000);
    const read = state.read();
    await Promise.resolve();
    await source.latest.fail(new Error('Docker does not respond'));
    expect(await read).toMatchObject({ value: good, outcome: 'stale', ageS: 5 });
  });

  it('can be read from memory without a load or a count', async () => {
    const { cache, source, state, load } = start();
    expect(state.peek()).toBeUndefined();
    const loaded = await load(UP);
    expect(state.peek()).toBe(loaded);
    expect(source.loads).toHaveLength(1);
    expect(cache.totals()).toMatchObject({ hits: 0, misses: 1 });
    cache.invalidate(VPN_STATE_KEY);
    expect(state.peek()).toBeUndefined();
  });
});
