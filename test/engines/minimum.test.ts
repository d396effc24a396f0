import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../src/engines/breaker.ts';
import { MinimumKeeper } from '../../src/engines/minimum.ts';
import { PortPool } from '../../src/engines/ports.ts';
import { Provisioner, portsInUse } from '../../src/engines/provisioner.ts';
import { RoundhouseError } from '../../src/errors.ts';
import { settle } from '../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

const FAULT = new RoundhouseError('provisioning_failed', 'no');

function createKeeper(minReplicas: number) {
  const room = createRegistry();
  const { registry, runtime, clock } = room;
  const provisioner = new Provisioner({
    runtime,
    registry,
    breaker: new CircuitBreaker({
      clock,
      failureThreshold: 100,
      recoveryTimeoutS: 1,
      onChange: () => {},
    }),
    ports: new PortPool({ first: 19_000, last: 19_999 }, () => portsInUse(registry, runtime)),
    maxReplicas: 20,
    readVpn: async () => ({ enabled: false, connected: false }),
  });
  const errors: unknown[] = [];
  const keeper = new MinimumKeeper({
    registry,
    provisioner,
    clock,
    minReplicas,
    onError: (error) => errors.push(error),
  });
  return { ...room, provisioner, keeper, errors };
}

async function started(minReplicas: number) {
  const room = createKeeper(minReplicas);
  room.keeper.start(room.bus);
  room.registry.start();
  await room.clock.advanceAsync(0);
  return room;
}

describe('at start', () => {
  test('the minimum is started', async () => {
    const { runtime } = await started(3);
    expect(runtime.engines.size).toBe(3);
  });

  test('only what is missing is started', async () => {
    const { keeper, registry, runtime, bus, clock } = createKeeper(3);
    runtime.startUnnoticed();
    runtime.startUnnoticed();
    keeper.start(bus);
    registry.start();
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(3);
    expect(runtime.calls.create).toBe(1);
  });

  test('a minimum of none starts none', async () => {
    const { runtime, clock } = await started(0);
    await clock.advanceAsync(120_000);
    expect(runtime.calls.create).toBe(0);
  });

  test('nothing is started before it is known what runs', async () => {
    const { keeper, registry, runtime, bus, clock } = createKeeper(1);
    runtime.startUnnoticed();
    runtime.hold('list');
    keeper.start(bus);
    registry.start();
    await clock.advanceAsync(5000);
    expect(runtime.calls.create).toBe(0);
    runtime.release('list');
    await clock.advanceAsync(5000);
    expect(runtime.calls.create).toBe(0);
  });
});

describe('an engine that stops', () => {
  test('is replaced at once, if the last start was long ago', async () => {
    const { runtime, clock } = await started(2);
    await clock.advanceAsync(60_000);
    runtime.stop([...runtime.engines.keys()][0]!);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(2);
  });

  test('soon after its start is replaced after a pause that grows to a minute', async () => {
    const { runtime, clock } = await started(1);
    for (const pauseS of [1, 2, 4, 8, 16, 32, 60]) {
      runtime.stop([...runtime.engines.keys()][0]!);
      await clock.advanceAsync(pauseS * 1000 - 1);
      expect(runtime.engines.size).toBe(0);
      await clock.advanceAsync(1);
      expect(runtime.engines.size).toBe(1);
    }
  });

  test('is not replaced above the minimum', async () => {
    const { runtime, provisioner, clock } = await started(1);
    await provisioner.provision();
    runtime.stop([...runtime.engines.keys()][0]!);
    await clock.advanceAsync(120_000);
    expect(runtime.engines.size).toBe(1);
  });

  test('during a start is made up for', async () => {
    const { runtime, clock } = await started(2);
    await clock.advanceAsync(60_000);
    const [first, second] = runtime.engines.keys();
    runtime.hold('create');
    runtime.stop(first!);
    await clock.advanceAsync(0);
    runtime.stop(second!);
    runtime.release('create');
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(2);
  });

  test('while the runtime is away is replaced when that is back', async () => {
    const { runtime, clock } = await started(1);
    await clock.advanceAsync(60_000);
    runtime.disconnect();
    runtime.stopUnnoticed([...runtime.engines.keys()][0]!);
    runtime.fail('list');
    await clock.advanceAsync(60_000);
    expect(runtime.engines.size).toBe(0);
    runtime.mend('list');
    await clock.advanceAsync(1000);
    expect(runtime.engines.size).toBe(1);
  });

  test('and has only restarted is not replaced', async () => {
    const { runtime, registry, clock } = await started(1);
    await clock.advanceAsync(60_000);
    const [engine] = runtime.engines.values();
    runtime.engines.set(engine!.id, { ...engine!, startedAt: engine!.startedAt! + 1 });
    runtime.announce(engine!.id);
    await clock.advanceAsync(120_000);
    expect(registry.size).toBe(1);
    expect(runtime.calls.create).toBe(1);
  });
});

describe('a start that fails', () => {
  test('is told, and tried again after pauses that grow', async () => {
    const { keeper, registry, runtime, bus, clock, errors } = createKeeper(1);
    runtime.fail('create', FAULT);
    keeper.start(bus);
    registry.start();
    await clock.advanceAsync(0);
    const attempts = [runtime.calls.create];
    for (const pauseS of [1, 2, 4]) {
      await clock.advanceAsync(pauseS * 1000);
      attempts.push(runtime.calls.create);
    }
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(errors).toEqual([FAULT, FAULT, FAULT, FAULT]);
    runtime.mend('create');
    await clock.advanceAsync(8000);
    expect(runtime.engines.size).toBe(1);
  });
});

describe('stop', () => {
  test('ends the starting, even in the middle of one', async () => {
    const { keeper, registry, runtime, bus, clock } = createKeeper(3);
    runtime.hold('create');
    keeper.start(bus);
    registry.start();
    await clock.advanceAsync(0);
    keeper.stop();
    registry.stop();
    runtime.release('create');
    await clock.advanceAsync(120_000);
    expect(runtime.calls.create).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('ends the pause after a failure, even one that comes after it', async () => {
    const { keeper, registry, runtime, bus, clock } = createKeeper(1);
    runtime.hold('create');
    runtime.fail('create', FAULT);
    keeper.start(bus);
    registry.start();
    await clock.advanceAsync(0);
    keeper.stop();
    registry.stop();
    runtime.release('create');
    await settle();
    expect(clock.pending).toBe(0);
  });
});
