import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { Replacer } from '../../../src/service/engines/replacer.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { createRegistry } from './fixtures.ts';

const GRACE_MS = 30_000;
const STARTUP_MS = 25_000;

async function createReplacer(options: { engines: number; maxReplicas?: number; minReplicas?: number }) {
  const fixture = createRegistry();
  const { registry, runtime, clock, bus } = fixture;
  const maxReplicas = options.maxReplicas ?? 6;
  const createBreaker = () =>
    new CircuitBreaker({ clock, failureThreshold: 2, recoveryTimeoutS: 60, onChange: () => {} });
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker: createBreaker(),
    ports: new PortPool({ first: 19_000, last: 19_999 }, () => portsInUse(registry, runtime)),
    maxReplicas,
    readVpn: async () => ({ enabled: false, connected: false }),
  });
  const breaker = createBreaker();
  const errors: unknown[] = [];
  const leadership = { leading: true };
  const replacer = new Replacer({
    registry,
    provisioner,
    breaker,
    clock,
    graceMs: GRACE_MS,
    startupTimeoutMs: STARTUP_MS,
    limits: { minReplicas: options.minReplicas ?? options.engines, maxReplicas, minFree: 1 },
    usedEngines: () => new Set(),
    mayAct: () => leadership.leading,
    onError: (error) => errors.push(error),
  });
  replacer.start(bus);
  registry.start();
  await clock.advanceAsync(0);
  const ids: string[] = [];
  for (let n = 0; n < options.engines; n += 1) ids.push((await provisioner.provision()).id);
  const setHealth = (id: string, health: 'healthy' | 'unhealthy') => registry.update(id, { health });
  for (const id of ids) setHealth(id, 'healthy');
  const newest = () => [...runtime.engines.keys()].at(-1)!;
  return { ...fixture, provisioner, breaker, replacer, leadership, errors, ids, setHealth, newest };
}

test('an unhealthy engine is replaced after its grace period, once the new one is healthy', async () => {
  const { runtime, clock, replacer, ids, setHealth, newest } = await createReplacer({ engines: 2 });
  const [sick] = ids;
  setHealth(sick!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS - 1);
  expect(runtime.engines.size).toBe(2);
  expect(replacer.marked).toBe(0);
  await clock.advanceAsync(1001);
  expect(replacer.marked).toBe(1);
  expect(runtime.engines.size).toBe(3);
  await clock.advanceAsync(5000);
  expect(runtime.engines.has(sick!)).toBe(true);
  setHealth(newest(), 'healthy');
  await clock.advanceAsync(0);
  expect(runtime.engines.has(sick!)).toBe(false);
  expect(runtime.engines.size).toBe(2);
  expect(replacer.marked).toBe(0);
});

test('several engines are replaced one at a time', async () => {
  const { runtime, clock, ids, setHealth, newest } = await createReplacer({ engines: 3 });
  for (const id of ids) setHealth(id, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 5000);
  expect(runtime.engines.size).toBe(4);
  for (let replaced = 1; replaced <= 3; replaced += 1) {
    setHealth(newest(), 'healthy');
    await clock.advanceAsync(2000);
    expect(ids.filter((id) => runtime.engines.has(id))).toHaveLength(3 - replaced);
    expect(runtime.engines.size).toBeLessThanOrEqual(4);
  }
  expect(runtime.engines.size).toBe(3);
});

test('an engine that recovers is kept', async () => {
  const { runtime, clock, ids, setHealth, newest } = await createReplacer({ engines: 2 });
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 1000);
  setHealth(ids[0]!, 'healthy');
  setHealth(newest(), 'healthy');
  await clock.advanceAsync(2000);
  expect(runtime.engines.has(ids[0]!)).toBe(true);
});

test('an unhealthy engine is only removed if there are enough healthy ones', async () => {
  const { runtime, clock, ids, setHealth } = await createReplacer({ engines: 3, minReplicas: 2 });
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 1000);
  expect([...runtime.engines.keys()]).toEqual(ids.slice(1));
});

test('at the maximum, the old engine is removed first, and the maximum holds', async () => {
  const { runtime, clock, ids, setHealth } = await createReplacer({ engines: 2, maxReplicas: 2 });
  setHealth(ids[0]!, 'unhealthy');
  let most = 0;
  for (let second = 0; second < 40; second += 1) {
    await clock.advanceAsync(1000);
    most = Math.max(most, runtime.engines.size);
  }
  expect(most).toBe(2);
  expect(runtime.engines.has(ids[0]!)).toBe(false);
  expect(runtime.engines.size).toBe(2);
});

test('a new engine that does not become healthy is removed, and repeated failures pause replacement', async () => {
  const { runtime, clock, breaker, ids, setHealth } = await createReplacer({ engines: 2 });
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + STARTUP_MS + 5000);
  expect(breaker.snapshot().failureCount).toBe(1);
  await clock.advanceAsync(STARTUP_MS + 5000);
  expect(breaker.state).toBe('open');
  const created = runtime.calls.create;
  await clock.advanceAsync(30_000);
  expect(runtime.calls.create).toBe(created);
  expect([...runtime.engines.keys()]).toEqual(ids);
  await clock.advanceAsync(60_000);
  expect(runtime.calls.create).toBe(created + 1);
});

test('a failed provisioning is reported, and the old engine is kept', async () => {
  const { runtime, clock, errors, ids, setHealth } = await createReplacer({ engines: 1 });
  const fault = new RoundhouseError('provisioning_failed', 'no');
  runtime.fail('create', fault);
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 1000);
  expect(errors).toContain(fault);
  expect(runtime.engines.has(ids[0]!)).toBe(true);
});

test('a follower marks unhealthy engines but leaves them to the leader', async () => {
  const { runtime, clock, replacer, leadership, ids, setHealth } = await createReplacer({ engines: 2 });
  leadership.leading = false;
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 5000);
  expect([replacer.marked, runtime.engines.size]).toEqual([1, 2]);
  leadership.leading = true;
  await clock.advanceAsync(1000);
  expect(runtime.engines.size).toBe(3);
});

test('a replacement in progress is left to the new leader', async () => {
  const { runtime, clock, replacer, breaker, leadership, ids, setHealth, newest } = await createReplacer({
    engines: 2,
  });
  setHealth(ids[0]!, 'unhealthy');
  await clock.advanceAsync(GRACE_MS + 1000);
  expect(runtime.engines.size).toBe(3);
  leadership.leading = false;
  setHealth(newest(), 'healthy');
  await clock.advanceAsync(STARTUP_MS + 1000);
  expect(runtime.engines.size).toBe(3);
  expect([replacer.marked, breaker.snapshot().failureCount]).toEqual([1, 0]);
});
