import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { type Engine, newEngine } from '../../../src/service/engines/engine.ts';
import {
  electForwardedEngine,
  ForwardedPorts,
  type ForwardingVpn,
} from '../../../src/service/engines/forwarding.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';
import { createRegistry } from './fixtures.ts';

describe('the election of a forwarded engine', () => {
  const runtime = new FakeRuntime();
  const vpn = { container: 'one', forwardedPort: 6001 };
  const engine = (firstSeen: number, change: Partial<Engine> = {}): Engine => ({
    ...newEngine(runtime.startSilently({ vpnContainer: 'one', forwardedPort: 6001 }), firstSeen),
    forwarded: false,
    ...change,
  });

  test('prefers the first healthy engine with the port, then the oldest', () => {
    const [old, young] = [engine(1), engine(2)];
    const healthy = engine(3, { health: 'healthy' });
    const later = engine(4, { health: 'healthy' });
    expect(electForwardedEngine(vpn, [young, old])).toBe(old);
    expect(electForwardedEngine(vpn, [later, young, healthy, old])).toBe(healthy);
  });

  test('keeps the elected engine while it exists', () => {
    const elected = engine(2, { forwarded: true, health: 'unhealthy' });
    expect(electForwardedEngine(vpn, [engine(1, { health: 'healthy' }), elected])).toBe(elected);
  });

  test('excludes engines without the port, with a former port, or of another VPN', () => {
    const others = [
      engine(1, { forwardedPort: null, health: 'healthy' }),
      engine(1, { forwardedPort: 5000, forwarded: true }),
      engine(1, { vpnContainer: 'two' }),
    ];
    expect(electForwardedEngine(vpn, others)).toBeNull();
    expect(electForwardedEngine({ ...vpn, forwardedPort: null }, [engine(1)])).toBeNull();
  });
});

async function start(options: { maxReplicas?: number } = {}) {
  const fixture = createRegistry();
  const { registry, runtime, clock, bus } = fixture;
  const maxReplicas = options.maxReplicas ?? 5;
  const vpn: ForwardingVpn = {
    container: 'one',
    containerId: 'a'.repeat(64),
    startedAt: 1,
    failed: false,
    connected: true,
    forwardedPort: 6001,
  };
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker: new CircuitBreaker({ clock, failureThreshold: 9, recoveryTimeoutS: 1, onChange: () => {} }),
    ports: new PortPool({ first: 19_000, last: 19_999 }, () => portsInUse(registry, runtime)),
    maxReplicas,
    readVpn: async () => ({
      enabled: true,
      connected: vpn.connected,
      placements: [{ ...vpn, ports: { first: 19_000, last: 19_999 } }],
    }),
  });
  const playing = new Set<string>();
  const errors: unknown[] = [];
  const leadership = { leading: true };
  const forwarding = new ForwardedPorts({
    registry,
    clock,
    vpns: () => [vpn],
    provision: (name) => provisioner.provision({ vpn: name }),
    remove: (id) => provisioner.remove(id),
    assignments: () => provisioner.assignments,
    hasRoom: () => provisioner.count < maxReplicas,
    isIdle: (id) => !playing.has(id),
    mayAct: () => leadership.leading,
    onError: (error) => errors.push(error),
  });
  registry.start();
  await settle();
  const consider = async () => {
    forwarding.reconcile();
    await settle();
  };
  const makeHealthy = () => {
    for (const { id } of registry.list()) registry.update(id, { health: 'healthy' });
  };
  /** The port of each engine, marked if it is the forwarded one. */
  const ports = () =>
    registry.list().map(({ forwarded, forwardedPort }) => `${forwardedPort}${forwarded ? '!' : ''}`);
  return {
    ...fixture,
    vpn,
    provisioner,
    playing,
    leadership,
    errors,
    forwarding,
    consider,
    makeHealthy,
    ports,
  };
}

describe('a VPN with a forwarded port', () => {
  test('needs no change if one of its engines has the port', async () => {
    const { provisioner, consider, makeHealthy, ports, runtime } = await start();
    await provisioner.provision();
    await provisioner.provision();
    expect(ports()).toEqual(['6001!', 'null']);
    makeHealthy();
    await consider();
    expect([ports(), runtime.calls.create, runtime.calls.remove]).toEqual([['6001!', 'null'], 2, 0]);
  });

  test('is observed by a follower, but only the leader acts', async () => {
    const { provisioner, vpn, leadership, consider, makeHealthy, ports, runtime } = await start();
    await provisioner.provision();
    leadership.leading = false;
    vpn.forwardedPort = 6002;
    makeHealthy();
    await consider();
    expect([ports(), runtime.calls.create]).toEqual([['6001'], 1]);
    vpn.forwardedPort = 6001;
    await consider();
    expect(ports()).toEqual(['6001!']);
    leadership.leading = true;
    vpn.forwardedPort = 6002;
    await consider();
    expect(runtime.calls.create).toBe(2);
  });

  test('is left to the next leader when leadership is lost', async () => {
    const { vpn, provisioner, leadership, clock, bus, consider, makeHealthy, ports } = await start();
    await provisioner.provision();
    for (const port of [6002, 6003]) {
      vpn.forwardedPort = port;
      clock.stall(3_600_000);
      await consider();
      makeHealthy();
    }
    expect(ports()).toEqual(['6001', '6002', '6003!']);
    bus.subscribe(({ type }) => {
      if (type === 'engine_stopped') leadership.leading = false;
    });
    await consider();
    expect(ports()).toEqual(['6002', '6003!']);
  });

  test('without engines starts none', async () => {
    const { consider, runtime } = await start();
    await consider();
    expect(runtime.calls.create).toBe(0);
  });

  test('that gets the port late gets a new engine in place of an idle one', async () => {
    const { vpn, provisioner, playing, consider, makeHealthy, ports, registry } = await start();
    vpn.forwardedPort = null;
    const [first, second] = [await provisioner.provision(), await provisioner.provision()];
    playing.add(first.id);
    makeHealthy();
    await consider();
    expect(ports()).toEqual(['null', 'null']);

    vpn.forwardedPort = 6001;
    await consider();
    expect(ports()).toEqual(['null', 'null', '6001!']);
    await consider();
    expect(registry.get(second.id)).toBeDefined();
    makeHealthy();
    await consider();
    expect(registry.get(second.id)).toBeUndefined();
    expect(ports()).toEqual(['null', '6001!']);
    await consider();
    expect(ports()).toEqual(['null', '6001!']);
  });

  test('whose port changes replaces the engine of the former port, starting the new one first', async () => {
    const { vpn, provisioner, consider, makeHealthy, ports } = await start();
    await provisioner.provision();
    await provisioner.provision();
    makeHealthy();
    vpn.forwardedPort = 6002;
    await consider();
    expect(ports()).toEqual(['6001', 'null', '6002!']);
    await consider();
    expect(ports()).toEqual(['6001', 'null', '6002!']);
    makeHealthy();
    await consider();
    expect(ports()).toEqual(['null', '6002!']);
  });

  test('that loses the port temporarily has no forwarded engine meanwhile', async () => {
    const { vpn, provisioner, consider, ports, runtime } = await start();
    await provisioner.provision();
    vpn.forwardedPort = null;
    await consider();
    expect(ports()).toEqual(['6001']);
    vpn.forwardedPort = 6001;
    await consider();
    expect([ports(), runtime.calls.create]).toEqual([['6001!'], 1]);
  });

  test('that is not connected is left unchanged', async () => {
    const { vpn, provisioner, consider, runtime } = await start();
    await provisioner.provision();
    Object.assign(vpn, { forwardedPort: 6002, connected: false });
    await consider();
    expect(runtime.calls.create).toBe(1);
  });
});

describe('an engine with a stream', () => {
  test('is removed only after the stream has ended', async () => {
    const { vpn, provisioner, playing, consider, makeHealthy, ports } = await start();
    const { id } = await provisioner.provision();
    playing.add(id);
    vpn.forwardedPort = 6002;
    await consider();
    makeHealthy();
    await consider();
    await consider();
    expect(ports()).toEqual(['6001', '6002!']);
    playing.clear();
    await consider();
    expect(ports()).toEqual(['6002!']);
  });

  test('is not replaced at the maximum: an idle engine is removed before the new one starts', async () => {
    const { vpn, provisioner, playing, consider, ports, runtime } = await start({ maxReplicas: 1 });
    const { id } = await provisioner.provision();
    playing.add(id);
    vpn.forwardedPort = 6002;
    await consider();
    expect([ports(), runtime.calls.create]).toEqual([['6001'], 1]);
    playing.clear();
    await consider();
    expect(ports()).toEqual(['6002!']);
  });
});

describe('an engine for the port', () => {
  test('that stops is not restarted in a loop', async () => {
    const { vpn, provisioner, consider, runtime, clock, registry } = await start();
    vpn.forwardedPort = null;
    await provisioner.provision();
    vpn.forwardedPort = 6001;
    for (let look = 0; look < 12; look += 1) {
      await consider();
      for (const { id, forwardedPort } of registry.list()) if (forwardedPort !== null) runtime.stop(id);
      await clock.advanceAsync(5000);
    }
    expect(runtime.calls.create).toBe(2);
    await consider();
    expect(runtime.calls.create).toBe(3);
    expect(registry.list().filter(({ forwardedPort }) => forwardedPort === null)).toHaveLength(1);
  });

  test('that cannot be started is reported and retried later', async () => {
    const { vpn, provisioner, consider, runtime, errors, clock, ports } = await start();
    vpn.forwardedPort = null;
    await provisioner.provision();
    vpn.forwardedPort = 6001;
    const failure = new RoundhouseError('provisioning_failed', 'no');
    runtime.fail('create', failure);
    await consider();
    await consider();
    expect(errors).toEqual([failure]);
    runtime.recover('create');
    await clock.advanceAsync(60_000);
    await consider();
    expect(ports()).toEqual(['null', '6001!']);
  });

  test('that is already being provisioned is not started twice', async () => {
    const { vpn, provisioner, consider, runtime, ports } = await start();
    vpn.forwardedPort = null;
    await provisioner.provision();
    vpn.forwardedPort = 6001;
    for (const call of ['create', 'inspect'] as const) runtime.hold(call);
    const provisioning = provisioner.provision();
    await settle();
    expect(ports()).toEqual(['null']);
    await consider();
    expect(runtime.calls.create).toBe(2);
    runtime.release('create');
    await provisioning;
    expect(ports()).toEqual(['null', '6001!']);
  });

  test('is removed again if another engine got the port meanwhile', async () => {
    const { vpn, provisioner, consider, forwarding, runtime, ports } = await start();
    vpn.forwardedPort = null;
    await provisioner.provision();
    vpn.forwardedPort = 6001;
    const rival = provisioner.provision();
    forwarding.reconcile();
    await rival;
    await settle();
    await consider();
    expect([ports(), runtime.calls.create]).toEqual([['null', '6001!'], 3]);
  });
});

test('an engine that has lost its network does not count as having the port', async () => {
  const { vpn, runtime, registry, consider, ports } = await start();
  runtime.start({
    vpnContainer: 'one',
    vpnContainerId: 'b'.repeat(64),
    forwardedPort: 6001,
    ports: { hostHttp: 19_500, containerHttp: 19_500, containerHttps: 19_501 },
  });
  await settle();
  expect(registry.list()).toHaveLength(1);
  await consider();
  expect([ports(), runtime.calls.create]).toEqual([['6001'], 0]);
  vpn.containerId = 'b'.repeat(64);
  await consider();
  expect(ports()).toEqual(['6001!']);
});

test('nothing happens while the runtime is unavailable or after stop()', async () => {
  const { vpn, provisioner, forwarding, consider, runtime } = await start();
  await provisioner.provision();
  vpn.forwardedPort = 6002;
  runtime.fail('list');
  runtime.disconnect();
  await consider();
  runtime.recover('list');
  runtime.connect();
  await settle();
  forwarding.stop();
  await consider();
  expect(runtime.calls.create).toBe(1);
});
