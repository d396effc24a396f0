import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import type { Emergency } from '../../../src/service/vpn/emergency.ts';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import { createVpn } from '../../../src/service/vpn/vpn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { DOWN, FakeContainers, NEVER, STARTING, UP } from './fixtures.ts';

/** Two VPNs, each with its own container and emulated control server. */
async function start({ withDocker = true } = {}) {
  const clock = new FakeClock();
  const cache = new Cache({ clock });
  const emergencies: [Emergency, boolean][] = [];
  const make = async (name: string, port: number, letter: string) => {
    const gluetun = await new EmulatedGluetun({ ports: [port] }).listen();
    onTestFinished(() => gluetun[Symbol.asyncDispose]());
    const containers = new FakeContainers();
    containers.change({ id: letter.repeat(64) });
    const vpn = createVpn(
      { containerName: name, controlUrl: gluetun.url },
      {
        containers: withDocker ? containers : null,
        controlPort: 1,
        apiKey: undefined,
        factTtlS: 60,
        cache,
        clock,
        onError: (error) => {
          throw error;
        },
      },
    );
    return { gluetun, containers, vpn };
  };
  const [one, two] = [await make('one', 6001, 'a'), await make('two', 6002, 'b')];
  const fleet = new VpnFleet({
    vpns: [one.vpn, two.vpn],
    clock,
    onEmergency: (emergency, active) => emergencies.push([emergency, active]),
  });
  return { clock, emergencies, one, two, fleet, readState: () => fleet.readState(NEVER) };
}

/** Names of the VPNs whose engines have to move. */
function failed({ snapshots }: VpnFleet): string[] {
  return snapshots.filter((vpn) => vpn.failed).map(({ container }) => container);
}

describe('the state of two VPNs', () => {
  it('contains the observation of each, in the order of the configuration', async () => {
    const { readState } = await start();
    const { vpns, emergency } = await readState();
    expect(vpns).toMatchObject([
      { name: 'one', state: 'running', health: 'healthy', connected: true, forwardedPort: 6001 },
      { name: 'two', state: 'running', health: 'healthy', connected: true, forwardedPort: 6002 },
    ]);
    expect(emergency).toBeNull();
  });

  it('has the time of its observations', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_793_880_000_250 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { readState } = await start();
    expect((await readState()).observedAt).toBe(1_793_880_000_250);
  });

  it('keeps their facts apart without Docker, where there are no container ids', async () => {
    const { readState } = await start({ withDocker: false });
    expect((await readState()).vpns.map(({ forwardedPort }) => forwardedPort)).toEqual([6001, 6002]);
  });

  it('cannot be read while Docker does not respond for one of them', async () => {
    const { two, readState } = await start();
    two.containers.failure = new RoundhouseError('runtime_unavailable', 'Docker does not respond');
    await expect(readState()).rejects.toBe(two.containers.failure);
  });

  it('contains the emergency that recorded observations began, and its duration', async () => {
    const { clock, one, fleet, readState } = await start();
    fleet.record('one', DOWN);
    fleet.record('two', UP);
    one.containers.change({ health: 'unhealthy' });
    clock.advance(12_345);
    expect((await readState()).emergency).toEqual({ failed: 'one', healthy: 'two', durationS: 12.345 });
  });

  it('contains an emergency that it observes first, without beginning it', async () => {
    const { emergencies, one, two, readState } = await start();
    one.containers.change({ health: 'unhealthy' });
    expect((await readState()).emergency).toMatchObject({ failed: 'one', durationS: 0 });
    two.containers.change({ health: 'unhealthy' });
    expect((await readState()).emergency).toBeNull();
    expect(emergencies).toEqual([]);
  });
});

it('the state without VPNs is empty', async () => {
  const fleet = new VpnFleet({ vpns: [], clock: new FakeClock(), onEmergency: () => {} });
  expect(await fleet.readState(NEVER)).toMatchObject({ vpns: [], emergency: null });
});

describe('an emergency', () => {
  it('is reported when it begins, changes and ends', async () => {
    const { clock, emergencies, fleet } = await start();
    const since = clock.now();
    fleet.record('two', UP);
    fleet.record('one', DOWN);
    clock.advance(1000);
    fleet.record('one', DOWN);
    fleet.record('one', STARTING);
    expect(emergencies.splice(0)).toEqual([[{ failed: 'one', healthy: 'two', since }, true]]);
    expect(failed(fleet)).toEqual(['one']);
    fleet.record('two', DOWN);
    expect(emergencies.splice(0)).toEqual([[{ failed: 'one', healthy: null, since }, true]]);
    expect(failed(fleet)).toEqual([]);
    fleet.record('one', UP);
    expect(emergencies.splice(0)).toEqual([[{ failed: 'two', healthy: 'one', since }, true]]);
    expect(failed(fleet)).toEqual(['two']);
    fleet.record('two', UP);
    expect(emergencies.splice(0)).toEqual([[{ failed: 'two', healthy: 'one', since }, false]]);
    fleet.record('two', UP);
    expect([emergencies, failed(fleet)]).toEqual([[], []]);
  });

  it('begins when one of two that were down from the start is connected', async () => {
    const { clock, emergencies, fleet } = await start();
    fleet.record('one', DOWN);
    fleet.record('two', DOWN);
    expect([emergencies, failed(fleet)]).toEqual([[], []]);
    expect(fleet.snapshots.map(({ connected }) => connected)).toEqual([false, false]);
    clock.advance(1000);
    fleet.record('two', UP);
    expect(emergencies).toEqual([[{ failed: 'one', healthy: 'two', since: clock.now() }, true]]);
    expect(failed(fleet)).toEqual(['one']);
  });

  it('requires observations of both', async () => {
    const { emergencies, fleet } = await start();
    fleet.record('one', DOWN);
    expect(fleet.observations).toEqual([{ name: 'one', ...DOWN }]);
    expect(emergencies).toEqual([]);
    fleet.record('two', UP);
    expect(emergencies).toHaveLength(1);
  });
});

it('a snapshot is what engines depend on', async () => {
  const { fleet } = await start();
  fleet.record('one', UP);
  const { containerId, startedAt } = UP;
  expect(fleet.snapshots).toEqual([
    { container: 'one', containerId, startedAt, connected: true, forwardedPort: 5914, failed: false },
  ]);
});
