import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { Reprovisioner } from '../../../src/service/engines/reprovisioner.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

async function createFleet(
  count: number,
  options: { maxReplicas?: number; health?: 'healthy' | 'unhealthy' } = {},
) {
  const fixture = createRegistry();
  const { registry, runtime, bus, clock } = fixture;
  const { maxReplicas = 10, health = 'healthy' } = options;
  bus.subscribe((event) => {
    if (event.type === 'engine_started') queueMicrotask(() => registry.update(event.engineId, { health }));
  });
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker: new CircuitBreaker({ clock, failureThreshold: 9, recoveryTimeoutS: 60, onChange: () => {} }),
    ports: new PortPool({ first: 19_000, last: 19_099 }, () => portsInUse(registry, runtime)),
    maxReplicas,
    readVpn: async () => ({ enabled: false, connected: false }),
  });
  registry.start();
  await settle();
  for (let number = 0; number < count; number += 1) await provisioner.provision();
  const playing = new Set<string>();
  const reprovisioner = new Reprovisioner({
    registry,
    provisioner,
    bus,
    clock,
    isIdle: (id) => !playing.has(id),
    startupTimeoutMs: 25_000,
  });
  const before = registry.list().map(({ id }) => id);
  const survivors = () => before.filter((id) => registry.get(id));
  const endStream = (id: string) => {
    playing.delete(id);
    bus.publish({ type: 'stream_ended', streamId: 's', engineId: id, reason: null });
  };
  const settled = async () => {
    for (let turn = 0; turn < 50; turn += 1) await settle();
  };
  return { ...fixture, reprovisioner, playing, before, survivors, endStream, settled };
}

test('all engines are replaced, one at a time, and there are never fewer', async () => {
  const { reprovisioner, registry, bus, survivors, settled } = await createFleet(3);
  const sizes = new Set<number>();
  bus.subscribe(() => sizes.add(registry.size));
  expect(reprovisioner.state).toMatchObject({ status: 'idle', changedAt: null });
  expect(reprovisioner.start()).toBe(3);
  expect(reprovisioner.state).toMatchObject({ status: 'in_progress', total: 3 });
  expect(() => reprovisioner.start()).toThrow(expect.objectContaining({ code: 'reprovisioning' }));
  await settled();
  expect(reprovisioner.state).toMatchObject({
    status: 'success',
    stopped: 3,
    provisioned: 3,
    phase: 'complete',
  });
  expect([survivors(), registry.size]).toEqual([[], 3]);
  expect([...sizes].sort()).toEqual([3, 4]);
});

test('an engine that plays is replaced when its stream has ended, after the idle ones', async () => {
  const { reprovisioner, playing, before, survivors, endStream, settled } = await createFleet(3);
  playing.add(before[0]!);
  reprovisioner.start();
  await settled();
  expect(survivors()).toEqual([before[0]]);
  expect(reprovisioner.state).toMatchObject({ status: 'in_progress', stopped: 2 });
  endStream(before[0]!);
  await settled();
  expect(survivors()).toEqual([]);
  expect(reprovisioner.state.status).toBe('success');
});

test('at MAX_REPLICAS, an engine is removed before its successor is started', async () => {
  const { reprovisioner, registry, survivors, settled } = await createFleet(2, { maxReplicas: 2 });
  reprovisioner.start();
  await settled();
  expect(reprovisioner.state).toMatchObject({ status: 'success', stopped: 2, provisioned: 2 });
  expect([survivors(), registry.size]).toEqual([[], 2]);
});

test('if a successor does not work, the other engines are kept', async () => {
  const { reprovisioner, survivors, settled } = await createFleet(3, { health: 'unhealthy' });
  reprovisioner.start();
  await settled();
  expect(reprovisioner.state).toMatchObject({ status: 'error', stopped: 0, phase: 'error' });
  expect(reprovisioner.state.message).toContain('does not work');
  expect(survivors()).toHaveLength(3);
});

test('an engine that stops meanwhile is not waited for', async () => {
  const { reprovisioner, runtime, playing, before, settled } = await createFleet(1);
  playing.add(before[0]!);
  reprovisioner.start();
  await settled();
  runtime.stop(before[0]!);
  await settled();
  expect(reprovisioner.state).toMatchObject({ status: 'success', stopped: 0, provisioned: 0 });
});

test('stops with the service', async () => {
  const { reprovisioner, playing, before, survivors, settled } = await createFleet(1);
  playing.add(before[0]!);
  reprovisioner.start();
  await settled();
  reprovisioner.stop();
  await settled();
  expect(reprovisioner.state.status).toBe('error');
  expect(survivors()).toEqual(before);
});
