import { describe, expect, it, onTestFinished } from 'vitest';
import { RefusedError } from '../../../src/service/vpn/control-server.ts';
import { settle } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { asked, NEVER, setUp, until } from './fixtures.ts';

const PORT = '/v1/portforward';
const OLD_PORT = '/v1/openvpn/portforwarded';
const ADDRESS = '/v1/publicip/ip';

async function start(behaviour: Partial<Behaviour> = {}, caching: Parameters<typeof setUp>[2] = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const parts = setUp(gluetun, {}, caching);
  const port = async () => (await parts.vpn.observe(NEVER)).forwardedPort;
  return { ...parts, gluetun, port };
}

describe('the forwarded port and public address', () => {
  it('are kept for their own TTL', async () => {
    const { vpn, gluetun, clock } = await start();
    await vpn.observe(NEVER);
    gluetun.behaviour.ports = [6000];
    gluetun.behaviour.publicIp = { public_ip: '203.0.113.8' };
    clock.advance(59_999);
    const kept = await vpn.observe(NEVER);
    expect(kept).toMatchObject({ forwardedPort: 5914, publicAddress: { ip: '203.0.113.7' } });
    clock.advance(1);
    const renewed = await vpn.observe(NEVER);
    expect(renewed).toMatchObject({ forwardedPort: 6000, publicAddress: { ip: '203.0.113.8' } });
    expect(gluetun.requests.toSorted()).toEqual([PORT, PORT, ADDRESS, ADDRESS]);
  });

  it('are asked for once, however many want them', async () => {
    const { vpn, gluetun } = await start();
    await Promise.all(Array.from({ length: 20 }, () => vpn.observe(NEVER)));
    expect(gluetun.requests.toSorted()).toEqual([PORT, ADDRESS]);
  });

  it('are kept too where there are none', async () => {
    const { vpn, gluetun, clock } = await start({ ports: [], publicIp: { public_ip: '' } });
    for (let read = 0; read < 5; read += 1) {
      expect(await vpn.observe(NEVER)).toMatchObject({ forwardedPort: null, publicAddress: null });
      clock.advance(10_000);
    }
    expect(gluetun.requests.toSorted()).toEqual([PORT, ADDRESS]);
  });

  it('are not asked for again and again where the key does not fit, which is reported once', async () => {
    const { vpn, gluetun, errors, clock } = await start({ apiKey: 'sesame' });
    for (let read = 0; read < 5; read += 1) {
      const seen = await vpn.observe(NEVER);
      expect(seen).toMatchObject({ connected: true, forwardedPort: null, publicAddress: null });
    }
    expect(gluetun.requests.toSorted()).toEqual([OLD_PORT, PORT, ADDRESS]);
    clock.advance(60_000);
    await vpn.observe(NEVER);
    expect(gluetun.requests).toHaveLength(6);
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toBeInstanceOf(RefusedError);
  });

  it('can be made out of date', async () => {
    const { port, gluetun, cache } = await start();
    await port();
    gluetun.behaviour.ports = [6000];
    expect(cache.invalidate('vpn:*')).toBe(2);
    expect(await port()).toBe(6000);
  });
});

describe('a container that is another than before', () => {
  it.each([
    ['recreated', { id: 'b'.repeat(64) }],
    ['restarted', { startedAt: 1_790_000_009_000 }],
  ])('is asked anew: %s', async (_how, facts) => {
    const { port, gluetun, containers } = await start();
    expect(await port()).toBe(5914);
    containers.change(facts);
    gluetun.behaviour.ports = [6000];
    expect(await port()).toBe(6000);
  });

  it('does not inherit what the one before it told', async () => {
    const { port, gluetun, containers } = await start();
    expect(await port()).toBe(5914);
    containers.change({ id: 'b'.repeat(64) });
    gluetun.behaviour.faults = { '*': 'error' };
    expect(await port()).toBeNull();
  });
});

describe('a control server that fails', () => {
  it('takes nothing away from what Docker says', async () => {
    const { vpn, gluetun } = await start();
    await gluetun[Symbol.asyncDispose]();
    const seen = await vpn.observe(NEVER);
    expect(seen).toMatchObject({ health: 'healthy', connected: true, forwardedPort: null });
  });

  it('leaves the last known port standing for a while, and reports a streak once', async () => {
    const { port, gluetun, clock, errors } = await start();
    await port();
    gluetun.behaviour.faults = { [PORT]: 'rubbish' };
    clock.advance(60_000);
    expect(await port()).toBe(5914);
    clock.advance(29_999);
    expect(await port()).toBe(5914);
    await until(() => expect(asked(gluetun, PORT)).toBe(3));
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

  it('makes one reader wait, and none after that', async () => {
    const { port, gluetun, clock } = await start({ faults: { '*': 'hang' } });
    const first = port();
    await until(() => expect(gluetun.requests).toHaveLength(2));
    clock.advance(2000);
    expect(await first).toBeNull();
    // The clock stands still from here on: whoever waited for a deadline would wait for ever.
    expect(await port()).toBeNull();
    expect(await port()).toBeNull();
    await until(() => expect(asked(gluetun, PORT)).toBe(2));

    gluetun.behaviour.faults = {};
    clock.advance(2000);
    await settle();
    await until(async () => expect(await port()).toBe(5914));
    gluetun.behaviour.ports = [6000];
    clock.advance(60_000);
    expect(await port()).toBe(6000);
  });

  it('makes the first reader of a new container wait again', async () => {
    const { port, gluetun, containers } = await start({ faults: { '*': 'error' } });
    expect(await port()).toBeNull();
    expect(await port()).toBeNull();
    gluetun.behaviour.faults = {};
    containers.change({ id: 'b'.repeat(64) });
    expect(await port()).toBe(5914);
  });

  it('is no news when the cache is closed', async () => {
    const { vpn, cache, gluetun, errors } = await start({ faults: { '*': 'hang' } });
    const seen = vpn.observe(NEVER);
    await until(() => expect(gluetun.requests).toHaveLength(2));
    cache.close();
    expect(await seen).toMatchObject({ connected: true, forwardedPort: null });
    expect(errors).toEqual([]);
  });
});

it('asks directly with the cache off', async () => {
  const { port, gluetun } = await start({}, { enabled: false });
  expect(await port()).toBe(5914);
  gluetun.behaviour.ports = [6000];
  expect(await port()).toBe(6000);
});
