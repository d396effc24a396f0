import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

async function start() {
  const fixture = createRegistry();
  const { registry, runtime, clock, bus } = fixture;
  const breaker = new CircuitBreaker({
    clock,
    failureThreshold: 3,
    recoveryTimeoutS: 60,
    onChange: () => {},
  });
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker,
    ports: new PortPool({ first: 19_000, last: 19_999 }, () => portsInUse(registry, runtime)),
    maxReplicas: 20,
    readVpn: async () => ({ enabled: false, connected: false }),
  });
  registry.start();
  await settle();
  const provision = async () => (await provisioner.provision()).id;
  const setHealth = (id: string, health: 'healthy' | 'unhealthy') => registry.update(id, { health });
  const failures = () => breaker.snapshot().failureCount;
  return { ...fixture, breaker, provisioner, provision, setHealth, failures };
}

test('engines that stop before they were healthy open the breaker', async () => {
  const { runtime, breaker, provisioner, provision } = await start();
  for (let death = 1; death <= 3; death += 1) {
    expect(breaker.state).toBe('closed');
    runtime.stop(await provision());
    await settle();
  }
  expect(breaker.state).toBe('open');
  await expect(provisioner.provision()).rejects.toMatchObject({ blocked: { code: 'circuit_breaker' } });
});

test('each engine counts once, whatever happens to it later', async () => {
  const { runtime, provision, setHealth, failures } = await start();
  const id = await provision();
  setHealth(id, 'unhealthy');
  expect(failures()).toBe(1);
  setHealth(id, 'healthy');
  setHealth(id, 'unhealthy');
  runtime.stop(id);
  await settle();
  expect(failures()).toBe(1);
});

test('an engine that was healthy is a success, even if it stops later', async () => {
  const { runtime, breaker, provision, setHealth, failures } = await start();
  runtime.stop(await provision());
  await settle();
  const id = await provision();
  expect(breaker.snapshot()).toMatchObject({ failureCount: 1, lastSuccessTime: null });
  setHealth(id, 'healthy');
  expect(failures()).toBe(0);
  expect(breaker.snapshot().lastSuccessTime).not.toBeNull();
  runtime.stop(id);
  await settle();
  expect(failures()).toBe(0);
});

test('a probe whose engine stops early reopens the breaker, one whose engine becomes healthy closes it', async () => {
  const { runtime, clock, breaker, provision, setHealth } = await start();
  for (let death = 1; death <= 3; death += 1) runtime.stop(await provision());
  await settle();
  clock.advance(60_000);
  const probe = await provision();
  expect(breaker).toMatchObject({ state: 'half_open', allows: false });
  clock.advance(1000);
  runtime.stop(probe);
  await settle();
  expect(breaker.snapshot()).toMatchObject({ state: 'open', recoveryEtaS: 60 });
  clock.advance(60_000);
  setHealth(await provision(), 'healthy');
  expect(breaker).toMatchObject({ state: 'closed', allows: true });
});

test('an engine that stops before the response to its start counts as a failure', async () => {
  const { runtime, provision, failures } = await start();
  runtime.hold('create');
  const provisioning = provision();
  await settle();
  runtime.stop([...runtime.engines.keys()][0]!);
  runtime.release('create');
  await provisioning;
  expect(failures()).toBe(1);
});

test('an engine that is deleted, or lost with the runtime, does not count', async () => {
  const { runtime, clock, breaker, provisioner, provision, failures } = await start();
  for (let death = 1; death <= 3; death += 1) runtime.stop(await provision());
  await settle();
  clock.advance(60_000);
  await provisioner.remove(await provision());
  expect(breaker).toMatchObject({ state: 'half_open', allows: true });
  const id = await provision();
  runtime.disconnect();
  runtime.stopSilently(id);
  runtime.connect();
  await settle();
  expect(failures()).toBe(3);
  expect(breaker).toMatchObject({ state: 'half_open', allows: true });
});

test('engines started by others do not count', async () => {
  const { runtime, failures } = await start();
  const { id } = runtime.start();
  await settle();
  runtime.stop(id);
  await settle();
  expect(failures()).toBe(0);
});
