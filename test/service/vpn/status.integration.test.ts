import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { VpnFleet } from '../../../src/service/vpn/fleet.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { asked, CONTAINER, NEVER, setUp, until } from './fixtures.ts';

const STATUS = '/v1/vpn/status';
const NOBODY = { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: null };

async function start(behaviour: Partial<Behaviour> = {}, options: Parameters<typeof setUp>[1] = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const parts = setUp(gluetun, options);
  return { ...parts, gluetun, status: () => parts.readStatus(NEVER) };
}

describe('without a VPN', () => {
  it('is disabled', async () => {
    const fleet = new VpnFleet({ vpns: [], clock: new FakeClock(), onEmergency: () => {} });
    expect(await fleet.readStatus(NEVER)).toEqual({
      mode: 'disabled',
      enabled: false,
      status: 'disabled',
      container_name: null,
      container: null,
      health: 'unknown',
      connected: false,
      forwarded_port: null,
      public_ip: null,
      provider: null,
      country: null,
      city: null,
      region: null,
      last_check: null,
      last_check_at: null,
      vpn1: null,
      vpn2: null,
      emergency_mode: NOBODY,
    });
  });
});

describe('one VPN in Docker', () => {
  it('shows what Docker and the control server tell', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 5, 12, 0, 0, 250) });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { status, containers } = await start();
    expect(await status()).toEqual({
      mode: 'single',
      enabled: true,
      status: 'running',
      container_name: 'gluetun',
      container: 'gluetun',
      health: 'healthy',
      connected: true,
      forwarded_port: 5914,
      public_ip: '203.0.113.7',
      provider: 'protonvpn',
      country: 'Switzerland',
      city: 'Zurich',
      region: 'Zurich',
      last_check: 1_793_880_000.25,
      last_check_at: '2026-11-05T12:00:00.250Z',
      vpn1: null,
      vpn2: null,
      emergency_mode: NOBODY,
    });
    expect(containers.inspected).toEqual(['gluetun']);
  });

  it.each([
    ['healthy', true],
    ['unhealthy', false],
    ['starting', false],
  ] as const)('is as connected as its health check says: %s', async (health, connected) => {
    const { status, containers, gluetun } = await start({ tunnel: 'running' });
    containers.change({ health });
    expect(await status()).toMatchObject({ status: 'running', health, connected });
    expect(asked(gluetun, STATUS)).toBe(0);
  });

  it.each([
    ['running', 'healthy', true],
    ['starting', 'starting', false],
    ['stopping', 'unhealthy', false],
    ['stopped', 'unhealthy', false],
    ['crashed', 'unhealthy', false],
    ['completed', 'unhealthy', false],
  ])('without a health check, is as well as its tunnel: %s', async (tunnel, health, connected) => {
    const { status, containers } = await start({ tunnel });
    containers.change({ health: 'none' });
    expect(await status()).toMatchObject({ status: 'running', health, connected });
  });

  it('is unknown where neither can tell', async () => {
    const { status, containers } = await start({ faults: { [STATUS]: 'error' } });
    containers.change({ health: 'none' });
    expect(await status()).toMatchObject({ status: 'running', health: 'unknown', connected: false });
  });

  it('is down when its container is stopped or gone, and is then not asked', async () => {
    const { status, containers, gluetun } = await start();
    await status();
    gluetun.requests.length = 0;
    const down = { health: 'unhealthy', connected: false, forwarded_port: null, public_ip: null };
    containers.change({ running: false, health: 'none' });
    expect(await status()).toMatchObject({ ...down, status: 'stopped', provider: 'protonvpn' });
    containers.container = null;
    expect(await status()).toMatchObject({ ...down, status: 'not_found', provider: null });
    expect(gluetun.requests).toEqual([]);
  });

  it('has no status at all while Docker does not answer', async () => {
    const { status, containers } = await start();
    containers.failure = new RoundhouseError('runtime_unavailable', 'Docker does not answer');
    await expect(status()).rejects.toBe(containers.failure);
  });

  it('sends the key', async () => {
    const { status, errors } = await start({ apiKey: 'sesame' }, { apiKey: 'sesame' });
    expect(await status()).toMatchObject({ forwarded_port: 5914, public_ip: '203.0.113.7' });
    expect(errors).toEqual([]);
  });

  it('is reached at an IPv6 address', async () => {
    const gluetun = await new EmulatedGluetun().listen(0, '::1');
    onTestFinished(() => gluetun[Symbol.asyncDispose]());
    const { readStatus, containers } = setUp(gluetun);
    containers.change({ address: '::1' });
    expect(await readStatus(NEVER)).toMatchObject({ forwarded_port: 5914 });
  });

  it('is reached at the URL that is set, in place of its own address', async () => {
    const { gluetun } = await start();
    const { readStatus, containers } = setUp(gluetun, { controlUrl: gluetun.url, controlPort: 1 });
    containers.change({ address: null });
    expect(await readStatus(NEVER)).toMatchObject({ forwarded_port: 5914 });
  });

  it('is not asked where it has no address', async () => {
    const { status, containers, errors } = await start();
    containers.change({ address: null });
    const answer = await status();
    expect(answer).toMatchObject({ connected: true, forwarded_port: null, public_ip: null });
    expect(errors).toEqual([]);
  });

  it('ends with the reader who gives up', async () => {
    const { readStatus, gluetun } = await start({ faults: { '*': 'hang' } });
    const reader = new AbortController();
    const refused = expect(readStatus(reader.signal)).rejects.toThrow('no longer wanted');
    await until(() => expect(gluetun.requests).toHaveLength(2));
    reader.abort(new Error('no longer wanted'));
    await refused;
  });
});

describe('a VPN without Docker', () => {
  it('is what its control server says', async () => {
    const { gluetun } = await start({ tunnel: 'running' });
    const { readStatus } = setUp(gluetun, { containers: null, controlUrl: gluetun.url });
    const answer = await readStatus(NEVER);
    expect(answer).toMatchObject({ status: 'running', health: 'healthy', connected: true, provider: null });
    gluetun.behaviour.tunnel = 'crashed';
    const later = await readStatus(NEVER);
    expect(later).toMatchObject({ status: 'crashed', health: 'unhealthy', connected: false });
  });

  it('is unknown where no address of it is known', async () => {
    const { gluetun } = await start();
    const { readStatus } = setUp(gluetun, { containers: null });
    const answer = await readStatus(NEVER);
    expect(answer).toMatchObject({ mode: 'single', status: 'unknown', health: 'unknown', connected: false });
    expect(gluetun.requests).toEqual([]);
  });

  it('does not flap when one call fails', async () => {
    const { gluetun } = await start();
    const { readStatus, clock } = setUp(gluetun, { containers: null, controlUrl: gluetun.url });
    await readStatus(NEVER);
    gluetun.behaviour.faults = { '*': 'reset' };
    expect(await readStatus(NEVER)).toMatchObject({ health: 'healthy', connected: true });
    clock.advance(30_000);
    expect(await readStatus(NEVER)).toMatchObject({ health: 'unknown', connected: false });
  });
});

it('reads everything it needs at the same time', async () => {
  const { readStatus, containers, gluetun, clock } = await start({ faults: { '*': 'hang' } });
  containers.container = { ...CONTAINER, health: 'none' };
  const answer = readStatus(NEVER);
  await until(() => expect(gluetun.requests).toHaveLength(3));
  clock.advance(2000);
  expect(await answer).toMatchObject({ status: 'running', health: 'unknown' });
});
