import { describe, expect, it, onTestFinished } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import type { Emergency } from '../../../src/service/vpn/emergency.ts';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import { vpnsIn } from '../../../src/service/vpn/status.ts';
import { createVpn } from '../../../src/service/vpn/vpn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { DOWN, FakeContainers, NEVER, STARTING, UP } from './fixtures.ts';

const CALM = { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: null };

/** Two VPNs, each with a container and an emulated control server of its own. */
async function start({ withDocker = true } = {}) {
  const clock = new FakeClock();
  const cache = new Cache({ clock });
  const told: [Emergency, boolean][] = [];
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
    onEmergency: (emergency, active) => told.push([emergency, active]),
  });
  return { clock, told, one, two, fleet, status: () => fleet.readStatus(NEVER) };
}

/** Names of the VPNs whose users have to go elsewhere. */
function failed({ snapshots }: VpnFleet): string[] {
  return snapshots.filter((run) => run.failed).map(({ container }) => container);
}

describe('the status of two VPNs', () => {
  it('holds that of each, and shows the first of them as the whole', async () => {
    const { status } = await start();
    const answer = await status();
    const { vpn1, vpn2, emergency_mode, ...whole } = answer;
    expect(vpn1).toMatchObject({
      mode: 'single',
      enabled: true,
      container_name: 'one',
      container: 'one',
      status: 'running',
      health: 'healthy',
      connected: true,
      forwarded_port: 6001,
      public_ip: '203.0.113.7',
      provider: 'protonvpn',
    });
    expect(vpn2).toMatchObject({ container_name: 'two', connected: true, forwarded_port: 6002 });
    expect(whole).toEqual({ ...vpn1, mode: 'redundant' });
    expect(emergency_mode).toEqual(CALM);
    expect(vpnsIn(answer)).toEqual([vpn1, vpn2]);
  });

  it.each([
    ['healthy', 'healthy', 'one', true],
    ['unhealthy', 'healthy', 'two', true],
    ['healthy', 'unhealthy', 'one', true],
    ['starting', 'healthy', 'two', true],
    ['unhealthy', 'starting', 'one', false],
    ['unhealthy', 'unhealthy', 'one', false],
  ] as const)('is connected if either is: %s and %s', async (first, second, container, connected) => {
    const { one, two, status } = await start();
    one.containers.change({ health: first });
    two.containers.change({ health: second });
    expect(await status()).toMatchObject({ container, connected });
  });

  it('keeps what they tell apart where there is no Docker to tell them apart', async () => {
    const { status } = await start({ withDocker: false });
    expect(await status()).toMatchObject({ vpn1: { forwarded_port: 6001 }, vpn2: { forwarded_port: 6002 } });
  });

  it('is none while Docker does not answer for one of them', async () => {
    const { two, status } = await start();
    two.containers.failure = new RoundhouseError('runtime_unavailable', 'Docker does not answer');
    await expect(status()).rejects.toBe(two.containers.failure);
  });

  it('shows an emergency that a look has begun, and for how long it has lasted', async () => {
    const { clock, one, fleet, status } = await start();
    fleet.note('one', DOWN);
    fleet.note('two', UP);
    one.containers.change({ health: 'unhealthy' });
    clock.advance(12_345);
    expect((await status()).emergency_mode).toEqual({
      active: true,
      failed_vpn: 'one',
      healthy_vpn: 'two',
      duration_seconds: 12.345,
    });
  });

  it('shows an emergency that it sees first, and leaves it to the watch to act on it', async () => {
    const { told, one, two, status } = await start();
    one.containers.change({ health: 'unhealthy' });
    expect((await status()).emergency_mode).toMatchObject({ active: true, duration_seconds: 0 });
    two.containers.change({ health: 'unhealthy' });
    expect((await status()).emergency_mode).toEqual(CALM);
    expect(told).toEqual([]);
  });
});

describe('an emergency', () => {
  it('is told when it begins, changes and ends, and not in between', async () => {
    const { clock, told, fleet } = await start();
    const since = clock.now();
    fleet.note('two', UP);
    fleet.note('one', DOWN);
    clock.advance(1000);
    fleet.note('one', DOWN);
    fleet.note('one', STARTING);
    expect(told.splice(0)).toEqual([[{ failed: 'one', healthy: 'two', since }, true]]);
    expect(failed(fleet)).toEqual(['one']);
    fleet.note('two', DOWN);
    expect(told.splice(0)).toEqual([[{ failed: 'one', healthy: null, since }, true]]);
    expect(failed(fleet)).toEqual([]);
    fleet.note('one', UP);
    expect(told.splice(0)).toEqual([[{ failed: 'two', healthy: 'one', since }, true]]);
    expect(failed(fleet)).toEqual(['two']);
    fleet.note('two', UP);
    expect(told.splice(0)).toEqual([[{ failed: 'two', healthy: 'one', since }, false]]);
    fleet.note('two', UP);
    expect([told, failed(fleet)]).toEqual([[], []]);
  });

  it('begins when one comes back of two that were down from the first look on', async () => {
    const { clock, told, fleet } = await start();
    fleet.note('one', DOWN);
    fleet.note('two', DOWN);
    expect([told, failed(fleet)]).toEqual([[], []]);
    expect(fleet.snapshots.map(({ connected }) => connected)).toEqual([false, false]);
    clock.advance(1000);
    fleet.note('two', UP);
    expect(told).toEqual([[{ failed: 'one', healthy: 'two', since: clock.now() }, true]]);
    expect(failed(fleet)).toEqual(['one']);
  });

  it('is not all that users of a VPN are told', async () => {
    const { fleet } = await start();
    fleet.note('one', UP);
    const { containerId, startedAt } = UP;
    const run = {
      container: 'one',
      containerId,
      startedAt,
      connected: true,
      forwardedPort: 5914,
      failed: false,
    };
    expect(fleet.snapshots).toEqual([run]);
  });

  it('waits until both have been looked at', async () => {
    const { told, fleet } = await start();
    fleet.note('one', DOWN);
    expect(fleet.observations).toEqual([{ name: 'one', seen: DOWN }]);
    expect(told).toEqual([]);
    fleet.note('two', UP);
    expect(told).toHaveLength(1);
  });
});
