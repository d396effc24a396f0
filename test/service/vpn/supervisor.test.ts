import { describe, expect, it } from 'vitest';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { VpnSupervisor } from '../../../src/service/vpn/supervisor.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeVpn } from '../../support/service/fake-vpn.ts';
import { DOWN, UP } from './fixtures.ts';

/** A supervisor of two VPNs, whose observations a test sets. */
async function start({ restartAfterS = 60, docker = true, leading = true } = {}) {
  const clock = new FakeClock();
  const containers = new FakeVpn('one', 'two');
  const observed: Record<string, VpnObservation> = { one: UP, two: UP };
  const log: string[] = [];
  const errors: unknown[] = [];
  const fleet = new VpnFleet({
    vpns: ['one', 'two'].map((name) => ({ name, observe: async () => ({ ...observed[name]! }) })),
    clock,
    onEmergency: ({ failed }, active) => log.push(`emergency ${active ? 'begins' : 'ends'}: ${failed}`),
  });
  const supervisor = new VpnSupervisor({
    fleet,
    containers: docker ? containers : null,
    intervalS: 5,
    restartAfterS,
    clock,
    mayAct: () => leading,
    onChange: (name, { connected }) => log.push(`change of ${name}: ${connected}`),
    onObservation: () => log.push('observation'),
    onRestart: (name) => log.push(`restart ${name}`),
    onError: (error, name) => errors.push([name, error]),
  });
  supervisor.start();
  await settle();
  const takeLog = () => log.splice(0);
  return { clock, containers, observed, errors, fleet, supervisor, takeLog };
}

describe('a supervisor', () => {
  it('checks each VPN on start and at the interval', async () => {
    const { clock, fleet, takeLog } = await start();
    expect(takeLog()).toEqual(['observation', 'observation']);
    expect(fleet.observations).toEqual([
      { name: 'one', ...UP },
      { name: 'two', ...UP },
    ]);
    await clock.advanceAsync(5000);
    expect(takeLog()).toEqual(['observation', 'observation']);
  });

  it('checks a VPN on an event of its container, and reports the change before the observation', async () => {
    const { containers, observed, takeLog } = await start();
    takeLog();
    observed.one = DOWN;
    containers.change({});
    await settle();
    expect(takeLog()).toEqual(['change of one: false', 'emergency begins: one', 'observation']);
  });

  it('ends its checks when stopped', async () => {
    const { clock, containers, supervisor, takeLog } = await start();
    takeLog();
    supervisor.stop();
    containers.change({});
    await clock.advanceAsync(60_000);
    expect([takeLog(), clock.pending]).toEqual([[], 0]);
  });
});

describe('a VPN that stays unhealthy', () => {
  it('is restarted once per period, and the other one is not', async () => {
    const { clock, containers, observed, takeLog } = await start();
    observed.two = DOWN;
    await clock.advanceAsync(60_000);
    expect(containers.restarts).toEqual([]);
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['two']);
    expect(takeLog()).toContain('restart two');
    await clock.advanceAsync(55_000);
    expect(containers.restarts).toEqual(['two']);
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['two', 'two']);
    observed.two = UP;
    await clock.advanceAsync(300_000);
    expect(containers.restarts).toHaveLength(2);
  });

  it('is not restarted while a restart is in progress', async () => {
    const { clock, containers, observed } = await start({ restartAfterS: 5 });
    const { promise, resolve } = Promise.withResolvers<void>();
    containers.restart = (name) => {
      containers.restarts.push(name);
      return promise;
    };
    observed.one = DOWN;
    await clock.advanceAsync(60_000);
    expect(containers.restarts).toEqual(['one']);
    resolve();
    await clock.advanceAsync(5000);
    expect(containers.restarts).toEqual(['one', 'one']);
  });

  it('is restarted again after the same period if the restart fails, which is reported', async () => {
    const { clock, containers, observed, errors } = await start({ restartAfterS: 10 });
    const failure = new Error('no');
    let attempts = 0;
    containers.restart = async () => {
      attempts += 1;
      throw failure;
    };
    observed.one = DOWN;
    await clock.advanceAsync(25_000);
    expect([attempts, errors]).toEqual([
      2,
      [
        ['one', failure],
        ['one', failure],
      ],
    ]);
  });

  it('is not restarted without Docker', async () => {
    const { clock, observed, takeLog } = await start({ docker: false });
    observed.one = DOWN;
    await clock.advanceAsync(300_000);
    expect(takeLog()).not.toContain('restart one');
  });
});

it('restarts nothing if it may not act', async () => {
  const { clock, containers, observed } = await start({ leading: false });
  observed.two = DOWN;
  await clock.advanceAsync(200_000);
  expect(containers.restarts).toEqual([]);
});
