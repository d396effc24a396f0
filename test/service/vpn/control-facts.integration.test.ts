import { describe, expect, it, onTestFinished } from 'vitest';
import { RefusedError } from '../../../src/service/vpn/control-server.ts';
import { settle } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { NEVER, requestsTo, setUp, until } from './fixtures.ts';

const PORT = '/v1/portforward';
const OLD_PORT = '/v1/openvpn/portforwarded';
const ADDRESS = '/v1/publicip/ip';

async function start(behaviour: Partial<Behaviour> = {}, cacheOptions: Parameters<typeof setUp>[2] = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const parts = setUp(gluetun, {}, cacheOptions);
  const port = async () => (await parts.vpn.observe(NEVER)).forwardedPort;
  return { ...parts, gluetun, port };
}

describe('the forwarded port and public address', () => {
  it('are cached for their own TTL', async () => {
    const { vpn, gluetun, clock } = await start();
    await vpn.observe(NEVER);
    gluetun.behaviour.ports = [6000];
    gluetun.behaviour.publicIp = { public_ip: '203.0.113.8' };
    clock.advance(59_999);
    const cached = await vpn.observe(NEVER);
    expect(cached).toMatchObject({ forwardedPort: 5914, publicAddress: { ip: '203.0.113.7' } });
    clock.advance(1);
    const reloaded = await vpn.observe(NEVER);
    expect(reloaded).toMatchObject({ forwardedPort: 6000, publicAddress: { ip: '203.0.113.8' } });
    expect(gluetun.requests.toSorted()).toEqual([PORT, PORT, ADDRESS, ADDRESS]);
  });

  it('are requested once for concurrent readers', async () => {
    const { vpn, gluetun } = await start();
    await Promise.all(Array.from({ length: 20 }, () => vpn.observe(NEVER)));
    expect(gluetun.requests.toSorted()).toEqual([PORT, ADDRESS]);
  });

  it('are cached if there are none', async () => {
    const { vpn, gluetun, clock } = await start({ ports: [], publicIp: { public_ip: '' } });
    for (let read = 0; read < 5; read += 1) {
      expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: null, publicAddress: null });
      clock.advance(10_000);
    }
    expect(gluetun.requests.toSorted()).toEqual([PORT, ADDRESS]);
  });

  it('are not requested on every read if the key is refused, which is reported once', async () => {
    const { vpn, gluetun, errors, clock } = await start({ apiKey: 'sesame' });
    for (let read = 0; read < 5; read += 1) {
      const observation = await vpn.observe(NEVER);
      expect(observation).toMatchObject({ connected: true, forwardedPort: null, publicAddress: null });
    }
    expect(gluetun.requests.toSorted()).toEqual([OLD_PORT, PORT, ADDRESS]);
    clock.advance(60_000);
    await vpn.observe(NEVER);
    expect(gluetun.requests).toHaveLength(6);
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toBeInstanceOf(RefusedError);
  });

  it('can be invalidated', async () => {
    const { port, gluetun, cache } = await start();
    await port();
    gluetun.behaviour.ports = [6000];
    expect(cache.invalidate('vpn:*')).toBe(2);
    expect(await port()).toBe(6000);
  });
});

describe('a new run of the VPN', () => {
  it.each([
    ['recreated', { id: 'b'.repeat(64) }],
    ['restarted', { startedAt: 1_790_000_009_000 }],
  ])('has its facts requested again: %s', async (_how, fields) => {
    const { port, gluetun, containers } = await start();
    expect(await port()).toBe(5914);
    containers.change(fields);
    gluetun.behaviour.ports = [6000];
    expect(await port()).toBe(6000);
  });

  it('does not inherit facts of the previous run', async () => {
    const { port, gluetun, containers } = await start();
    expect(await port()).toBe(5914);
    containers.change({ id: 'b'.repeat(64) });
    gluetun.behaviour.faults = { '*': 'error' };
    expect(await port()).toBeNull();
  });
});

describe('a control server that fails', () => {
  it('does not affect what Docker reports', async () => {
    const { vpn, gluetun } = await start();
    await gluetun[Symbol.asyncDispose]();
    const observation = await vpn.observe(NEVER);
    expect(observation).toMatchObject({ health: 'healthy', connected: true, forwardedPort: null });
  });

  it('has its last port served for a while, and consecutive failures reported once', async () => {
    const { port, gluetun, clock, errors } = await start();
    await port();
    gluetun.behaviour.faults = { [PORT]: 'rubbish' };
    clock.advance(60_000);
    expect(await port()).toBe(5914);
    clock.advance(29_999);
    expect(await port()).toBe(5914);
    await until(() => expect(requestsTo(gluetun, PORT)).toBe(3));
    clock.advance(1);
    expect(await port()).toBeNull();
    expect(errors).toHaveLength(1);

    gluetun.behaviour.faults = {};
    await until(async () => expect(await port()).toBe(5914));
    gluetun.behaviour.faults = { [PORT]: 'rubbish' };
    clock.advance(60_000);
    await port();
    expect(errors).toHaveLength(2);
  });

  it('makes only one reader wait', async () => {
    const { port, gluetun, clock } = await start({ faults: { '*': 'hang' } });
    const first = port();
    await until(() => expect(gluetun.requests).toHaveLength(2));
    clock.advance(2000);
    expect(await first).toBeNull();
    // The clock does not advance here: a reader that waited for a deadline would never return.
    expect(await port()).toBeNull();
    expect(await port()).toBeNull();
    await until(() => expect(requestsTo(gluetun, PORT)).toBe(2));

    gluetun.behaviour.faults = {};
    clock.advance(2000);
    await settle();
    await until(async () => expect(await port()).toBe(5914));
    gluetun.behaviour.ports = [6000];
    clock.advance(60_000);
    expect(await port()).toBe(6000);
  });

  it('makes the first reader of a new run wait again', async () => {
    const { port, gluetun, containers } = await start({ faults: { '*': 'error' } });
    expect(await port()).toBeNull();
    expect(await port()).toBeNull();
    gluetun.behaviour.faults = {};
    containers.change({ id: 'b'.repeat(64) });
    expect(await port()).toBe(5914);
  });

  it('is not reported when the cache is closed', async () => {
    const { vpn, cache, gluetun, errors } = await start({ faults: { '*': 'hang' } });
    const observation = vpn.observe(NEVER);
    await until(() => expect(gluetun.requests).toHaveLength(2));
    cache.close();
    expect(await observation).toMatchObject({ connected: true, forwardedPort: null });
    expect(errors).toEqual([]);
  });
});

it('is requested on every read with the cache off', async () => {
  const { port, gluetun } = await start({}, { enabled: false });
  expect(await port()).toBe(5914);
  gluetun.behaviour.ports = [6000];
  expect(await port()).toBe(6000);
});
