import { expect, test } from 'vitest';
import { type ControlObserver, ControlServer } from '../../../src/service/vpn/control-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { NEVER, until } from './fixtures.ts';

/** A client with an observer, and the URL of its control server. */
async function observe(behaviour: Partial<Behaviour> = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  const clock = new FakeClock();
  const calls: Parameters<ControlObserver>[] = [];
  const server = new ControlServer({
    apiKey: undefined,
    timeoutS: 2,
    clock,
    onCall: (...call) => calls.push(call),
  });
  return { gluetun, clock, calls, server, url: gluetun.url };
}

test('a call is reported once, however many routes it tried', async () => {
  const { gluetun, calls, server, url } = await observe({ era: 'old' });
  await using _ = gluetun;
  await server.tunnelState(url, NEVER);
  await server.publicAddress(url, NEVER);
  await server.forwardedPort(url, NEVER);
  expect(gluetun.requests).toHaveLength(4);
  expect(calls).toEqual([
    ['tunnel', 0, true],
    ['publicip', 0, true],
    ['port', 0, true],
  ]);
});

test('a refusal, an invalid response and a server error are reported as failures', async () => {
  const { gluetun, calls, server, url } = await observe({
    faults: { '/v1/vpn/status': 'error', '/v1/publicip/ip': 'rubbish', '/v1/portforward': 'redirect' },
  });
  await using _ = gluetun;
  await expect(server.tunnelState(url, NEVER)).rejects.toThrow();
  await expect(server.publicAddress(url, NEVER)).rejects.toThrow();
  await expect(server.forwardedPort(url, NEVER)).rejects.toThrow();
  expect(calls).toEqual([
    ['tunnel', 0, false],
    ['publicip', 0, false],
    ['port', 0, false],
  ]);
});

test('a timeout is reported as a failure that lasted until the deadline', async () => {
  const { gluetun, clock, calls, server, url } = await observe({ faults: { '*': 'hang' } });
  await using _ = gluetun;
  const waiting = expect(server.tunnelState(url, NEVER)).rejects.toThrow('within 2 s');
  await until(() => expect(gluetun.requests).toHaveLength(1));
  clock.advance(2000);
  await waiting;
  expect(calls).toEqual([['tunnel', 2, false]]);
});
