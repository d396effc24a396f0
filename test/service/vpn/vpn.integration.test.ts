import { describe, expect, it, onTestFinished } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { CONTAINER, NEVER, requestsTo, setUp, until } from './fixtures.ts';

const STATUS = '/v1/vpn/status';

async function start(behaviour: Partial<Behaviour> = {}, options: Parameters<typeof setUp>[1] = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const parts = setUp(gluetun, options);
  return { ...parts, gluetun, observe: () => parts.vpn.observe(NEVER) };
}

describe('a VPN in Docker', () => {
  it('is described by Docker and its control server', async () => {
    const { observe, containers } = await start();
    expect(await observe()).toEqual({
      state: 'running',
      health: 'healthy',
      connected: true,
      containerId: CONTAINER.id,
      startedAt: CONTAINER.startedAt,
      provider: 'protonvpn',
      forwardedPort: 5914,
      publicAddress: { ip: '203.0.113.7', country: 'Switzerland', city: 'Zurich', region: 'Zurich' },
      problem: null,
    });
    expect(containers.inspected).toEqual(['gluetun']);
  });

  it.each([
    ['healthy', true],
    ['unhealthy', false],
    ['starting', false],
  ] as const)('has the health of its health check: %s', async (health, connected) => {
    const { observe, containers, gluetun } = await start({ tunnel: 'running' });
    containers.change({ health });
    expect(await observe()).toMatchObject({ state: 'running', health, connected });
    expect(requestsTo(gluetun, STATUS)).toBe(0);
  });

  it.each([
    ['running', 'healthy', true],
    ['starting', 'starting', false],
    ['stopping', 'unhealthy', false],
    ['stopped', 'unhealthy', false],
    ['crashed', 'unhealthy', false],
    ['completed', 'unhealthy', false],
  ])('has the health of its tunnel without a health check: %s', async (tunnel, health, connected) => {
    const { observe, containers } = await start({ tunnel });
    containers.change({ health: 'none' });
    expect(await observe()).toMatchObject({ state: 'running', health, connected });
  });

  it('has unknown health if neither reports it', async () => {
    const { observe, containers } = await start({ faults: { [STATUS]: 'error' } });
    containers.change({ health: 'none' });
    expect(await observe()).toMatchObject({ state: 'running', health: 'unknown', connected: false });
  });

  it('is down if its container is stopped or missing, and then sends no requests', async () => {
    const { observe, containers, gluetun } = await start();
    await observe();
    gluetun.requests.length = 0;
    const down = { health: 'unhealthy', connected: false, forwardedPort: null, publicAddress: null };
    containers.change({ running: false, health: 'none' });
    expect(await observe()).toMatchObject({ ...down, state: 'stopped', provider: 'protonvpn' });
    containers.container = null;
    expect(await observe()).toMatchObject({ ...down, state: 'not_found', provider: null });
    expect(gluetun.requests).toEqual([]);
  });

  it('rejects while Docker does not respond', async () => {
    const { observe, containers } = await start();
    containers.failure = new RoundhouseError('runtime_unavailable', 'Docker does not respond');
    await expect(observe()).rejects.toBe(containers.failure);
  });

  it('sends the key', async () => {
    const { observe, errors } = await start({ apiKey: 'sesame' }, { apiKey: 'sesame' });
    expect(await observe()).toMatchObject({ forwardedPort: 5914, publicAddress: { ip: '203.0.113.7' } });
    expect(errors).toEqual([]);
  });

  it('is reachable at an IPv6 address', async () => {
    const gluetun = await new EmulatedGluetun().listen(0, '::1');
    onTestFinished(() => gluetun[Symbol.asyncDispose]());
    const { vpn, containers } = setUp(gluetun);
    containers.change({ address: '::1' });
    expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: 5914 });
  });

  it('uses the configured URL instead of its own address', async () => {
    const { gluetun } = await start();
    const { vpn, containers } = setUp(gluetun, { controlUrl: gluetun.url, controlPort: 1 });
    containers.change({ address: null });
    expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: 5914 });
  });

  it('sends no requests without an address', async () => {
    const { observe, containers, errors } = await start();
    containers.change({ address: null });
    const observation = await observe();
    expect(observation).toMatchObject({ connected: true, forwardedPort: null, publicAddress: null });
    expect(errors).toEqual([]);
  });

  it('rejects when the reader aborts', async () => {
    const { vpn, gluetun } = await start({ faults: { '*': 'hang' } });
    const reader = new AbortController();
    const refused = expect(vpn.observe(reader.signal)).rejects.toThrow('aborted by the reader');
    await until(() => expect(gluetun.requests).toHaveLength(2));
    reader.abort(new Error('aborted by the reader'));
    await refused;
  });
});

describe('a VPN without Docker', () => {
  it('is described by its control server', async () => {
    const { gluetun } = await start({ tunnel: 'running' });
    const { vpn } = setUp(gluetun, { containers: null, controlUrl: gluetun.url });
    const observation = await vpn.observe(NEVER);
    expect(observation).toMatchObject({
      state: 'running',
      health: 'healthy',
      connected: true,
      provider: null,
    });
    gluetun.behaviour.tunnel = 'crashed';
    const later = await vpn.observe(NEVER);
    expect(later).toMatchObject({ state: 'crashed', health: 'unhealthy', connected: false });
  });

  it('is unknown without a configured URL', async () => {
    const { gluetun } = await start();
    const { vpn } = setUp(gluetun, { containers: null });
    const observation = await vpn.observe(NEVER);
    expect(observation).toMatchObject({ state: 'unknown', health: 'unknown', connected: false });
    expect(gluetun.requests).toEqual([]);
  });

  it('keeps its health when one request fails', async () => {
    const { gluetun } = await start();
    const { vpn, clock } = setUp(gluetun, { containers: null, controlUrl: gluetun.url });
    await vpn.observe(NEVER);
    gluetun.behaviour.faults = { '*': 'reset' };
    expect(await vpn.observe(NEVER)).toMatchObject({ health: 'healthy', connected: true });
    clock.advance(30_000);
    expect(await vpn.observe(NEVER)).toMatchObject({ health: 'unknown', connected: false });
  });
});

it('sends all requests at the same time', async () => {
  const { vpn, containers, gluetun, clock } = await start({ faults: { '*': 'hang' } });
  containers.container = { ...CONTAINER, health: 'none' };
  const observation = vpn.observe(NEVER);
  await until(() => expect(gluetun.requests).toHaveLength(3));
  clock.advance(2000);
  expect(await observation).toMatchObject({ state: 'running', health: 'unknown' });
});
