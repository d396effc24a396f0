import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { Scaler } from '../../../src/service/engines/scaler.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

const FAULT = new RoundhouseError('provisioning_failed', 'no');
const GRACE_MS = 30_000;

function createScaler(
  options: {
    min?: number;
    minFree?: number;
    autoDelete?: boolean;
    recoveryTimeoutS?: number;
    leading?: boolean;
  } = {},
) {
  const fixture = createRegistry();
  const { registry, runtime, clock, bus } = fixture;
  const vpn = { enabled: false, connected: false };
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker: new CircuitBreaker({ clock, failureThreshold: 100, recoveryTimeoutS: 1, onChange: () => {} }),
    ports: new PortPool({ first: 19_000, last: 19_999 }, () => portsInUse(registry, runtime)),
    maxReplicas: 6,
    readVpn: async () => vpn,
  });
  const used = new Set<string>();
  const leadership = { leading: options.leading ?? true, hasAllStreams: true };
  const errors: unknown[] = [];
  const scaler = new Scaler({
    registry,
    provisioner,
    clock,
    limits: {
      minReplicas: options.min ?? 0,
      maxReplicas: 6,
      minFree: options.minFree ?? 0,
      autoDelete: options.autoDelete ?? false,
      graceMs: GRACE_MS,
    },
    intervalS: 30,
    usedEngines: () => used,
    mayAct: () => leadership.leading,
    hasAllStreams: () => leadership.hasAllStreams,
    onError: (error) => errors.push(error),
  });
  const ids = () => [...runtime.engines.keys()];
  /** Starts or ends a stream on an engine and publishes the event. */
  const use = (id: string, playing: boolean) => {
    if (playing) used.add(id);
    else used.delete(id);
    const properties = { streamId: 's', engineId: id };
    if (playing) bus.publish({ type: 'stream_started', ...properties });
    else bus.publish({ type: 'stream_ended', reason: null, ...properties });
  };
  const start = async () => {
    scaler.start(bus);
    registry.start();
    await clock.advanceAsync(0);
  };
  const becomeHealthy = () => {
    for (const id of ids()) registry.update(id, { health: 'healthy' });
  };
  return { ...fixture, provisioner, scaler, errors, used, vpn, leadership, ids, use, start, becomeHealthy };
}

describe('the minimum', () => {
  test('is started at once, without engines that already run', async () => {
    const { runtime, start } = createScaler({ min: 3 });
    runtime.startSilently();
    await start();
    expect(runtime.engines.size).toBe(3);
    expect(runtime.calls.create).toBe(2);
  });

  test('is not started before the running engines are known', async () => {
    const { runtime, start, clock } = createScaler({ min: 1 });
    runtime.startSilently();
    runtime.hold('list');
    await start();
    await clock.advanceAsync(60_000);
    expect(runtime.calls.create).toBe(0);
    runtime.release('list');
    await clock.advanceAsync(60_000);
    expect(runtime.calls.create).toBe(0);
  });

  test('is restored at once when a healthy engine stops', async () => {
    const { runtime, start, clock, becomeHealthy, ids } = createScaler({ min: 2 });
    await start();
    becomeHealthy();
    runtime.stop(ids()[0]!);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(2);
  });

  test('is restored with a backoff of up to a minute when engines stop before they were healthy', async () => {
    const { runtime, start, clock, ids } = createScaler({ min: 1 });
    await start();
    for (const pauseS of [1, 2, 4, 8, 16, 32, 60, 60]) {
      runtime.stop(ids()[0]!);
      await clock.advanceAsync(pauseS * 1000 - 1);
      expect(runtime.engines.size).toBe(0);
      await clock.advanceAsync(1);
      expect(runtime.engines.size).toBe(1);
    }
  });

  test('is retried with a backoff when starting fails, and each failure is reported', async () => {
    const { runtime, start, clock, errors } = createScaler({ min: 1 });
    runtime.fail('create', FAULT);
    await start();
    const attempts = [runtime.calls.create];
    for (const pauseS of [1, 2, 4]) {
      await clock.advanceAsync(pauseS * 1000);
      attempts.push(runtime.calls.create);
    }
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(errors).toEqual([FAULT, FAULT, FAULT, FAULT]);
    runtime.recover('create');
    await clock.advanceAsync(8000);
    expect(runtime.engines.size).toBe(1);
  });

  test('is started as soon as the VPN is connected', async () => {
    const { runtime, start, clock, vpn, bus } = createScaler({ min: 1 });
    vpn.enabled = true;
    await start();
    expect(runtime.calls.create).toBe(0);
    vpn.connected = true;
    bus.publish({ type: 'vpn_changed', vpn: 'gluetun', connected: true });
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(1);
  });
});

describe('free engines', () => {
  test('are kept ready while streams start, up to the maximum', async () => {
    const { runtime, start, clock, ids, use } = createScaler({ min: 1, minFree: 1 });
    await start();
    for (let streams = 1; streams <= 8; streams += 1) {
      const free = ids().find((id) => !runtime.engines.get(id)?.labels.used);
      if (free) {
        runtime.engines.get(free)!.labels = { used: 'yes' };
        use(free, true);
      }
      await clock.advanceAsync(0);
      expect(runtime.engines.size).toBe(Math.min(6, streams + 1));
    }
  });

  test('are removed after the grace period, not before, and never while in use', async () => {
    const { runtime, start, clock, ids, use, provisioner } = createScaler({
      min: 1,
      minFree: 1,
      autoDelete: true,
    });
    await start();
    for (let n = 0; n < 3; n += 1) await provisioner.provision();
    const playing = ids()[0]!;
    use(playing, true);
    await clock.advanceAsync(GRACE_MS - 1);
    expect(runtime.engines.size).toBe(4);
    await clock.advanceAsync(GRACE_MS + 1);
    expect(runtime.engines.size).toBe(2);
    expect(ids()).toContain(playing);
  });

  test('are kept while they may play streams of other orchestrators, except for a demand', async () => {
    const { runtime, start, clock, provisioner, leadership, scaler } = createScaler({
      min: 1,
      autoDelete: true,
    });
    await start();
    await provisioner.provision();
    leadership.hasAllStreams = false;
    await clock.advanceAsync(10 * GRACE_MS);
    expect(runtime.engines.size).toBe(2);
    scaler.scaleTo(1);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(1);
    await provisioner.provision();
    leadership.hasAllStreams = true;
    await clock.advanceAsync(2 * GRACE_MS);
    expect(runtime.engines.size).toBe(1);
  });

  test('are kept if AUTO_DELETE is off', async () => {
    const { runtime, start, clock, provisioner } = createScaler({ min: 1, minFree: 1 });
    await start();
    await provisioner.provision();
    await clock.advanceAsync(10 * GRACE_MS);
    expect(runtime.engines.size).toBe(2);
  });

  test('an engine is kept if a stream starts on it while another is being removed', async () => {
    const { runtime, start, clock, ids, use, provisioner } = createScaler({
      min: 0,
      minFree: 0,
      autoDelete: true,
    });
    await start();
    for (let n = 0; n < 3; n += 1) await provisioner.provision();
    const [first, second] = ids();
    runtime.hold('remove');
    await clock.advanceAsync(2 * GRACE_MS);
    expect(runtime.waiting('remove')).toBe(1);
    use(second!, true);
    runtime.release('remove');
    await clock.advanceAsync(2 * GRACE_MS);
    expect(ids()).toEqual([second]);
    expect(first).not.toBe(second);
  });

  test('are removed with a backoff when a removal fails, although each attempt publishes events', async () => {
    const { runtime, start, clock, errors, provisioner } = createScaler({ autoDelete: true });
    await start();
    await provisioner.provision();
    runtime.fail('remove');
    await clock.advanceAsync(GRACE_MS + 30_000);
    expect(errors.length).toBeGreaterThan(0);
    // 1 + 2 + 4 + 8 s: at most five attempts in 30 s, not one per event.
    expect(runtime.calls.remove).toBe(errors.length);
    expect(errors.length).toBeLessThanOrEqual(5);
    runtime.recover('remove');
    await clock.advanceAsync(30_000);
    expect(runtime.engines.size).toBe(0);
  });
});

describe('scaleTo', () => {
  test('clamps the demand and scales in the background', async () => {
    const { runtime, start, clock, scaler } = createScaler({ min: 1 });
    await start();
    expect(scaler.scaleTo(100)).toBe(6);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(6);
    expect(scaler.scaleTo(-5)).toBe(1);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(1);
  });

  test('called again while scaling, follows the latest demand', async () => {
    const { runtime, start, clock, scaler } = createScaler();
    await start();
    runtime.hold('create');
    scaler.scaleTo(5);
    await clock.advanceAsync(0);
    scaler.scaleTo(2);
    runtime.release('create');
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(2);
  });
});

describe('stop', () => {
  test('ends scaling, also during a step, and leaves no timer', async () => {
    const { runtime, registry, start, clock, scaler } = createScaler({ min: 3 });
    runtime.hold('create');
    await start();
    scaler.stop();
    registry.stop();
    runtime.release('create');
    await settle();
    await clock.advanceAsync(120_000);
    expect(runtime.calls.create).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe('while another orchestrator leads', () => {
  test('nothing is started or removed until this one leads', async () => {
    const { runtime, start, clock, leadership } = createScaler({ min: 2, leading: false });
    await start();
    await clock.advanceAsync(60_000);
    expect(runtime.calls.create).toBe(0);
    leadership.leading = true;
    await clock.advanceAsync(30_000);
    expect(runtime.engines.size).toBe(2);
  });

  test('an explicit demand is carried out by this one', async () => {
    const { runtime, start, scaler, clock } = createScaler({ min: 1, leading: false });
    await start();
    expect(scaler.scaleTo(2)).toBe(2);
    await clock.advanceAsync(0);
    expect(runtime.engines.size).toBe(2);
    await clock.advanceAsync(60_000);
    expect(runtime.calls.create).toBe(2);
  });
});
