import { expect, test } from 'vitest';
import { type ControlObserver, ControlServer } from '../../../src/service/vpn/control-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { NEVER, until } from './fixtures.ts';

/** A control server that is observed; `url` is where it is asked. */
async function observe(behaviour: Partial<Behaviour> = {}) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  const clock = new FakeClock();
  const told: Parameters<ControlObserver>[] = [];
  const server = new ControlServer({
    apiKey: undefined,
    timeoutS: 2,
    clock,
    onCall: (...call) => told.push(call),
  });
  return { gluetun, clock, told, server, url: gluetun.url };
}

test('each question is told of once, however many routes it took', async () => {
  const { gluetun, told, server, url } = await observe({ era: 'old' });
  await using _ = gluetun;
  await server.tunnelState(url, NEVER);
  await server.publicAddress(url, NEVER);
  await server.forwardedPort(url, NEVER);
  expect(gluetun.requests).toHaveLength(4);
  expect(told).toEqual([
    ['tunnel', 0, true],
    ['publicip', 0, true],
    ['port', 0, true],
  ]);
});

test('a refusal, rubbish and a fault of the server are failures', async () => {
  const { gluetun, told, server, url } = await observe({
    faults: { '/v1/vpn/status': 'error', '/v1/publicip/ip': 'rubbish', '/v1/portforward': 'redirect' },
  });
  await using _ = gluetun;
  await expect(server.tunnelState(url, NEVER)).rejects.toThrow();
  await expect(server.publicAddress(url, NEVER)).rejects.toThrow();
  await expect(server.forwardedPort(url, NEVER)).rejects.toThrow();
  expect(told).toEqual([
    ['tunnel', 0, false],
    ['publicip', 0, false],
    ['port', 0, false],
  ]);
});

test('silence is a failure that took as long as the deadline', async () => {
  const { gluetun, clock, told, server, url } = await observe({ faults: { '*': 'hang' } });
  await using _ = gluetun;
  const waiting = expect(server.tunnelState(url, NEVER)).rejects.toThrow('within 2 s');
  await until(() => expect(gluetun.requests).toHaveLength(1));
  clock.advance(2000);
  await waiting;
  expect(told).toEqual([['tunnel', 2, false]]);
});
