import { describe, expect, it } from 'vitest';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { VpnWatch } from '../../../src/service/vpn/watch.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeVpn } from '../../support/service/fake-vpn.ts';
import { DOWN, UP } from './fixtures.ts';

/** A watch over two VPNs that are seen as a test says. */
async function start({ restartAfterS = 60, docker = true, leading = true } = {}) {
  const clock = new FakeClock();
  const containers = new FakeVpn('one', 'two');
  const seen: Record<string, VpnObservation> = { one: UP, two: UP };
  const log: string[] = [];
  const errors: unknown[] = [];
  const fleet = new VpnFleet({
    vpns: ['one', 'two'].map((name) => ({ name, observe: async () => ({ ...seen[name]! }) })),
    clock,
    onEmergency: ({ failed }, active) => log.push(`emergency ${active ? 'begins' : 'ends'}: ${failed}`),
  });
  const watch = new VpnWatch({
    fleet,
    containers: docker ? containers : null,
    intervalS: 5,
    restartAfterS,
    clock,
    mayAct: () => leading,
    onChange: (name, { connected }) => log.push(`change of ${name}: ${connected}`),
    onSeen: () => log.push('seen'),
    onRestart: (name) => log.push(`restart ${name}`),
    onError: (error, name) => errors.push([name, error]),
  });
  watch.start();
  await settle();
  const takeLog = () => log.splice(0);
  return { clock, containers, seen, errors, fleet, watch, takeLog };
}

describe('a watch', () => {
  it('looks at each VPN at once and at its interval', async () => {
    const { clock, fleet, takeLog } = await start();
    expect(takeLog()).toEqual(['seen', 'seen']);
    expect(fleet.observations).toEqual([
      { name: 'one', seen: UP },
      { name: 'two', seen: UP },
    ]);
    await clock.advanceAsync(5000);
    expect(takeLog()).toEqual(['seen', 'seen']);
  });

  it('looks at the one alone to which something happened, and tells in order what came of it', async () => {
    const { containers, seen, takeLog } = await start();
    takeLog();
    seen.one = DOWN;
    containers.change({});
    await settle();
    expect(takeLog()).toEqual(['change of one: false', 'emergency begins: one', 'seen']);
  });

  it('ends when it is stopped', async () => {
    const { clock, containers, watch, takeLog } = await start();
    takeLog();
    watch.stop();
    containers.change({});
    await clock.advanceAsync(60_000);
    expect([takeLog(), clock.pending]).toEqual([[], 0]);
  });
});

describe('a VPN that stays unhealthy', () => {
  it('is restarted once for each such time, and the other is not', async () => {
    const { clock, containers, seen, takeLog } = await start();
    seen.two = DOWN;
    await clock.advanceAsync(60_000);
    expect(containers.restarts).toEqual([]);
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['two']);
    expect(takeLog()).toContain('restart two');
    await clock.advanceAsync(55_000);
    expect(containers.restarts).toEqual(['two']);
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['two', 'two']);
    seen.two = UP;
    await clock.advanceAsync(300_000);
    expect(containers.restarts).toHaveLength(2);
  });

  it('is not restarted again while a restart is under way', async () => {
    const { clock, containers, seen } = await start({ restartAfterS: 5 });
    const { promise, resolve } = Promise.withResolvers<void>();
    containers.restart = (name) => {
      containers.restarts.push(name);
      return promise;
    };
    seen.one = DOWN;
    await clock.advanceAsync(60_000);
    expect(containers.restarts).toEqual(['one']);
    resolve();
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['one', 'one']);
  });

  it('is tried again after the same time if the restart fails, which is told', async () => {
    const { clock, containers, seen, errors } = await start({ restartAfterS: 10 });
    const failure = new Error('no');
    let attempts = 0;
    containers.restart = async () => {
      attempts += 1;
      throw failure;
    };
    seen.one = DOWN;
    await clock.advanceAsync(25_000);
    expect([attempts, errors]).toEqual([
      2,
      [
        ['one', failure],
        ['one', failure],
      ],
    ]);
  });

  it('is left alone where there is no Docker', async () => {
    const { clock, seen, takeLog } = await start({ docker: false });
    seen.one = DOWN;
    await clock.advanceAsync(300_000);
    expect(takeLog()).not.toContain('restart one');
  });
});

it('restarts nothing where it may not act', async () => {
  const { clock, containers, seen } = await start({ leading: false });
  seen.two = DOWN;
  await clock.advanceAsync(200_000);
  expect(containers.restarts).toEqual([]);
});
