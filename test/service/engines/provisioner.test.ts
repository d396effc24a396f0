import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import type { EngineVpn } from '../../../src/service/engines/placement.ts';
import { PortPool } from '../../../src/service/engines/ports.ts';
import { Provisioner, portsInUse } from '../../../src/service/engines/provisioner.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { createRegistry } from './fixtures.ts';

const RANGE = { first: 19_000, last: 19_019 };

async function createProvisioner(options: { mapsPorts?: boolean; maxReplicas?: number } = {}) {
  const fixture = createRegistry(options);
  const { registry, runtime, clock, bus } = fixture;
  const vpn = { enabled: false, connected: false };
  const breaker = new CircuitBreaker({
    clock,
    failureThreshold: 2,
    recoveryTimeoutS: 60,
    onChange: () => bus.publish({ type: 'breaker_changed', breaker: 'general', state: breaker.state }),
  });
  const provisioner = new Provisioner({
    runtime,
    registry,
    bus,
    clock,
    breaker,
    ports: new PortPool(RANGE, () => portsInUse(registry, runtime)),
    maxReplicas: options.maxReplicas ?? 5,
    readVpn: async () => vpn,
  });
  registry.start();
  await settle();
  fixture.takeEvents();
  return { ...fixture, vpn, breaker, provisioner };
}

function outcomes(settled: PromiseSettledResult<unknown>[]): string[] {
  return settled.map((result) =>
    result.status === 'fulfilled' ? 'ok' : (result.reason as RoundhouseError).code,
  );
}

describe('starting', () => {
  test('an engine is in the registry once it is provisioned', async () => {
    const { provisioner, registry, takeEvents } = await createProvisioner();
    const engine = await provisioner.provision({ labels: { a: 'b' }, env: { C: 'D' } });
    expect(registry.get(engine.id)?.labels).toEqual({ a: 'b' });
    await settle();
    expect(takeEvents()).toEqual(['engine_started']);
  });

  test('the request is passed to the runtime', async () => {
    const { provisioner, runtime } = await createProvisioner();
    await provisioner.provision({ labels: { a: 'b' }, env: { C: 'D' }, hostPort: 19_007 });
    expect(runtime.specs).toEqual([
      {
        name: expect.stringMatching(/^roundhouse-engine-19007-[0-9a-f]{6}$/),
        ports: { hostHttp: 19_007, containerHttp: 6878, containerHttps: 6879 },
        labels: { a: 'b' },
        env: { C: 'D' },
      },
    ]);
  });

  test('without port mapping, an engine gets two ports', async () => {
    const { provisioner, runtime } = await createProvisioner({ mapsPorts: false });
    await provisioner.provision();
    await provisioner.provision();
    expect(runtime.specs.map(({ ports }) => ports)).toEqual([
      { hostHttp: 19_000, containerHttp: 19_000, containerHttps: 19_001 },
      { hostHttp: 19_002, containerHttp: 19_002, containerHttps: 19_003 },
    ]);
  });

  test('an engine that stops before it is provisioned is not kept', async () => {
    const { provisioner, registry, runtime } = await createProvisioner();
    runtime.hold('create');
    const provisioning = provisioner.provision();
    await settle();
    const [id] = runtime.engines.keys();
    runtime.stop(id!);
    runtime.release('create');
    await provisioning;
    await settle();
    expect(registry.list()).toEqual([]);
  });
});

describe('ports', () => {
  test.each([{ mapsPorts: true }, { mapsPorts: false }])(
    'are unique for concurrent requests: %j',
    async (mapping) => {
      const { provisioner, runtime } = await createProvisioner({ ...mapping, maxReplicas: 10 });
      runtime.hold('create');
      const provisioning = Promise.all(Array.from({ length: 10 }, () => provisioner.provision()));
      await settle();
      runtime.release('create');
      await provisioning;
      const ports = runtime.specs.flatMap(({ ports }) =>
        mapping.mapsPorts ? [ports.hostHttp] : [ports.hostHttp, ports.containerHttps],
      );
      expect(new Set(ports).size).toBe(mapping.mapsPorts ? 10 : 20);
    },
  );

  test('one in use by another program is skipped', async () => {
    const { provisioner, runtime } = await createProvisioner();
    runtime.foreignPorts.add(19_000).add(19_001);
    expect((await provisioner.provision()).ports.hostHttp).toBe(19_002);
  });

  test('after five that are in use by other programs provisioning fails and releases all', async () => {
    const { provisioner, runtime } = await createProvisioner();
    for (let port = 19_000; port <= 19_004; port += 1) runtime.foreignPorts.add(port);
    // None of these was requested, so the error is not a conflict with the request.
    await expect(provisioner.provision()).rejects.toMatchObject({
      code: 'no_free_port',
      message: 'Other programs use the ports that were tried: 19000, 19001, 19002, 19003, 19004',
    });
    runtime.foreignPorts.clear();
    expect((await provisioner.provision({ hostPort: 19_000 })).ports.hostHttp).toBe(19_000);
  });

  test('all attempts share the maximum wait, and none starts after it', async () => {
    const { provisioner, runtime, clock } = await createProvisioner();
    runtime.fail('create', new RoundhouseError('port_taken', 'taken'));
    runtime.hold('create');
    const outcome = Promise.allSettled([provisioner.provision()]);
    await settle();
    for (const spentMs of [1500, 400, 100]) {
      clock.advance(spentMs);
      runtime.release('create');
      runtime.hold('create');
      await settle();
    }
    expect(outcomes(await outcome)).toEqual(['no_free_port']);
    expect(runtime.maxWaitsMs).toEqual([2000, 500, 100]);
  });

  test('a requested port that is in use is rejected, not replaced', async () => {
    const { provisioner, runtime } = await createProvisioner();
    runtime.foreignPorts.add(19_005);
    await provisioner.provision({ hostPort: 19_006 });
    for (const hostPort of [19_005, 19_006])
      await expect(provisioner.provision({ hostPort })).rejects.toMatchObject({ code: 'port_taken' });
    expect(runtime.engines.size).toBe(1);
  });

  test('a requested port is used even if the port chosen for HTTPS is in use', async () => {
    const { provisioner, runtime } = await createProvisioner({ mapsPorts: false });
    runtime.foreignPorts.add(19_000);
    const { ports } = await provisioner.provision({ hostPort: 19_010 });
    expect(ports).toEqual({ hostHttp: 19_010, containerHttp: 19_010, containerHttps: 19_001 });
  });

  test('of two concurrent requests for one port, one succeeds', async () => {
    const { provisioner } = await createProvisioner();
    const wishes = [{ hostPort: 19_001 }, { hostPort: 19_001 }];
    const settled = await Promise.allSettled(wishes.map((wish) => provisioner.provision(wish)));
    expect(outcomes(settled)).toEqual(['ok', 'port_taken']);
  });

  test('one outside the range is rejected before anything else is checked', async () => {
    const { provisioner, runtime, vpn } = await createProvisioner();
    vpn.enabled = true;
    runtime.disconnect();
    await expect(provisioner.provision({ hostPort: 80 })).rejects.toMatchObject({
      code: 'port_out_of_range',
    });
  });

  test('the error is no_free_port when all are in use', async () => {
    const { provisioner } = await createProvisioner({ maxReplicas: 21 });
    for (let count = 0; count < 20; count += 1) await provisioner.provision();
    await expect(provisioner.provision()).rejects.toMatchObject({ code: 'no_free_port' });
  });
});

describe('an engine that exits right after its start', () => {
  /** Lets every engine on these ports exit as soon as it is in the registry. */
  async function createDoomed(...doomed: number[]) {
    const fixture = await createProvisioner({ mapsPorts: false });
    const { bus, registry, runtime } = fixture;
    runtime.settleMs = 1000;
    const dies = (id: string) => doomed.includes(registry.get(id)?.ports.hostHttp ?? 0);
    bus.subscribe((event) => {
      if (event.type === 'engine_started' && dies(event.engineId))
        queueMicrotask(() => runtime.stop(event.engineId, 3));
    });
    return fixture;
  }

  test('is a failed attempt: another port is used', async () => {
    const { provisioner, registry, clock, breaker } = await createDoomed(19_000, 19_002);
    const provisioning = provisioner.provision({ settle: true });
    await clock.advanceAsync(0);
    await clock.advanceAsync(1000);
    expect((await provisioning).ports).toMatchObject({ hostHttp: 19_004, containerHttps: 19_005 });
    expect(registry.list()).toHaveLength(1);
    expect(breaker.snapshot().failureCount).toBe(0);
  });

  test('is a failure once all attempts, or the maximum wait, are used up', async () => {
    const { provisioner, breaker, runtime } = await createDoomed(19_000, 19_002, 19_004, 19_006, 19_008);
    await expect(provisioner.provision({ settle: true })).rejects.toMatchObject({
      code: 'engine_exited',
      message: expect.stringContaining('exited with code 3'),
    });
    expect([runtime.calls.create, breaker.snapshot().failureCount, provisioner.count]).toEqual([5, 1, 0]);
  });

  test('is not waited for longer than the request can take, nor than it takes to become healthy', async () => {
    const { provisioner, registry, runtime, clock } = await createDoomed();
    runtime.settleMs = 60_000;
    const slow = provisioner.provision({ settle: true });
    await clock.advanceAsync(0);
    await clock.advanceAsync(2000);
    await slow;
    const fast = provisioner.provision({ settle: true });
    await clock.advanceAsync(0);
    const [, second] = registry.list();
    registry.update(second!.id, { health: 'healthy' });
    await fast;
    expect(clock.pending).toBe(1);
  });
});

describe('the maximum', () => {
  test('holds for any number of concurrent requests', async () => {
    const { provisioner, runtime } = await createProvisioner({ maxReplicas: 5 });
    const all = Promise.allSettled(Array.from({ length: 30 }, () => provisioner.provision()));
    const settled = outcomes(await all);
    expect(settled.filter((outcome) => outcome === 'ok')).toHaveLength(5);
    expect(settled.filter((outcome) => outcome === 'provisioning_blocked')).toHaveLength(25);
    expect(runtime.engines.size).toBe(5);
  });

  test('an engine that the runtime reports before it is provisioned counts once', async () => {
    const { provisioner, runtime, registry } = await createProvisioner({ maxReplicas: 2 });
    runtime.hold('create');
    const first = provisioner.provision();
    await settle();
    expect(registry.size).toBe(1);
    expect(provisioner.count).toBe(1);
    const second = provisioner.provision();
    await settle();
    runtime.release('create');
    expect(outcomes(await Promise.allSettled([first, second]))).toEqual(['ok', 'ok']);
    expect(provisioner.count).toBe(2);
  });

  test('a failed start does not count any more', async () => {
    const { provisioner, runtime } = await createProvisioner({ maxReplicas: 1 });
    runtime.fail('create', new RoundhouseError('image_missing', 'no such image'));
    await expect(provisioner.provision()).rejects.toMatchObject({ code: 'image_missing' });
    runtime.recover('create');
    expect(provisioner.count).toBe(0);
    await provisioner.provision();
  });
});

describe('provisioning is blocked by', () => {
  test('the VPN, until it is connected', async () => {
    const { provisioner, runtime, vpn } = await createProvisioner();
    vpn.enabled = true;
    await expect(provisioner.provision()).rejects.toMatchObject({ blocked: { code: 'vpn_disconnected' } });
    expect(runtime.calls.create).toBe(0);
    vpn.connected = true;
    await provisioner.provision();
  });

  test('an unavailable runtime', async () => {
    const { provisioner, runtime } = await createProvisioner();
    runtime.disconnect();
    await expect(provisioner.provision()).rejects.toMatchObject({ code: 'runtime_unavailable' });
    expect(runtime.calls.create).toBe(0);
  });

  test('the breaker after consecutive failures; half open, it allows one probe', async () => {
    const { provisioner, registry, runtime, clock } = await createProvisioner();
    runtime.fail('create', new RoundhouseError('provisioning_failed', 'no'));
    for (let time = 0; time < 2; time += 1)
      await expect(provisioner.provision()).rejects.toMatchObject({ code: 'provisioning_failed' });
    await expect(provisioner.provision()).rejects.toMatchObject({
      blocked: { code: 'circuit_breaker', recoveryEtaS: 60 },
    });
    expect(runtime.calls.create).toBe(2);
    clock.advance(60_000);
    runtime.recover('create');
    runtime.hold('create');
    const attempts = Promise.allSettled([provisioner.provision(), provisioner.provision()]);
    await settle();
    expect(runtime.waiting('create')).toBe(1);
    runtime.release('create');
    expect(outcomes(await attempts)).toEqual(['ok', 'provisioning_blocked']);
    // The probe is in progress until the started engine is healthy.
    await expect(provisioner.provision()).rejects.toMatchObject({ blocked: { code: 'circuit_breaker' } });
    registry.update([...runtime.engines.keys()][0]!, { health: 'healthy' });
    await provisioner.provision();
  });

  test.each(['image_missing', 'provisioning_failed'] as const)(
    '%s counts as a failure of the host',
    async (code) => {
      const { provisioner, runtime, breaker } = await createProvisioner();
      runtime.fail('create', new RoundhouseError(code, 'no'));
      await expect(provisioner.provision()).rejects.toMatchObject({ code });
      expect(breaker.snapshot().failureCount).toBe(1);
    },
  );

  test('an unexpected error counts as a failure of the host', async () => {
    const { provisioner, runtime, breaker } = await createProvisioner();
    runtime.fail('create', new TypeError('oops'));
    await expect(provisioner.provision()).rejects.toThrow(TypeError);
    expect(breaker.snapshot().failureCount).toBe(1);
  });

  test.each(['no_free_port', 'runtime_unavailable'] as const)('%s does not count', async (code) => {
    const { provisioner, runtime, breaker } = await createProvisioner();
    runtime.fail('create', new RoundhouseError(code, 'no'));
    await expect(provisioner.provision()).rejects.toMatchObject({ code });
    expect(breaker.snapshot().failureCount).toBe(0);
  });
});

describe('behind two VPNs', () => {
  const placements: EngineVpn[] = [
    { container: 'one', connected: true, forwardedPort: 6001, ports: { first: 19_000, last: 19_009 } },
    { container: 'two', connected: true, forwardedPort: null, ports: { first: 19_010, last: 19_019 } },
  ];
  const BEHIND = { enabled: true, connected: true, placements };

  test('engines that start concurrently are distributed, and one gets the forwarded port', async () => {
    const { provisioner, runtime, vpn } = await createProvisioner({ mapsPorts: false });
    Object.assign(vpn, BEHIND);
    runtime.hold('create');
    const provisioning = Promise.all(Array.from({ length: 4 }, () => provisioner.provision()));
    await settle();
    runtime.release('create');
    await provisioning;
    const placed = runtime.specs.map(({ vpnContainer, forwardedPort, ports }) => [
      vpnContainer,
      forwardedPort,
      ports.hostHttp,
    ]);
    expect(placed).toEqual([
      ['one', 6001, 19_000],
      ['two', undefined, 19_010],
      ['one', undefined, 19_002],
      ['two', undefined, 19_012],
    ]);
  });

  test('an engine that the runtime reports before it is provisioned counts once', async () => {
    const { provisioner, runtime, vpn } = await createProvisioner();
    Object.assign(vpn, BEHIND);
    runtime.hold('create');
    const first = provisioner.provision();
    await settle();
    expect(provisioner.assignments).toHaveLength(1);
    runtime.release('create');
    await first;
    expect(provisioner.assignments).toEqual([
      expect.objectContaining({ vpnContainer: 'one', forwardedPort: 6001 }),
    ]);
  });

  test('an engine being deleted does not count, and its port is assigned again', async () => {
    const { provisioner, registry, runtime, vpn } = await createProvisioner();
    Object.assign(vpn, BEHIND);
    const { id } = await provisioner.provision();
    // It is deleting for as long as the call that will fail is held.
    runtime.fail('remove');
    runtime.hold('remove');
    const removal = provisioner.remove(id).catch(() => {});
    expect(registry.get(id)).toBeDefined();
    await provisioner.provision();
    runtime.release('remove');
    await removal;
    expect(runtime.specs.map((spec) => [spec.vpnContainer, spec.forwardedPort])).toEqual([
      ['one', 6001],
      ['one', 6001],
    ]);
  });

  test('a request for a VPN that is down is blocked and reserves nothing', async () => {
    const { provisioner, runtime, vpn } = await createProvisioner();
    const [one, two] = placements;
    Object.assign(vpn, { ...BEHIND, placements: [one, { ...two, connected: false }] });
    for (const wish of [{ vpn: 'two' }, { hostPort: 19_010 }])
      await expect(provisioner.provision(wish)).rejects.toMatchObject({
        blocked: { code: 'vpn_disconnected' },
      });
    expect([runtime.calls.create, provisioner.count]).toEqual([0, 0]);
    await provisioner.provision({ hostPort: 19_005 });
    expect(runtime.specs[0]).toMatchObject({ vpnContainer: 'one', ports: { hostHttp: 19_005 } });
  });
});

describe('removing', () => {
  test('an engine is gone once it is removed, with one event', async () => {
    const { provisioner, registry, runtime, takeEvents } = await createProvisioner();
    const { id } = await provisioner.provision();
    takeEvents();
    await provisioner.remove(id);
    expect(registry.get(id)).toBeUndefined();
    expect(runtime.engines.size).toBe(0);
    await settle();
    expect(takeEvents()).toEqual(['engine_changed', 'engine_stopped']);
  });

  test('an id that is not of a managed engine is rejected', async () => {
    const { provisioner, runtime } = await createProvisioner();
    const unmanaged = runtime.startSilently();
    await expect(provisioner.remove(unmanaged.id)).rejects.toMatchObject({ code: 'engine_not_found' });
    expect(runtime.calls.remove).toBe(0);
  });

  test('an engine whose removal fails is kept', async () => {
    const { provisioner, registry, runtime } = await createProvisioner();
    const { id } = await provisioner.provision();
    runtime.fail('remove');
    await expect(provisioner.remove(id)).rejects.toMatchObject({ code: 'runtime_unavailable' });
    expect(registry.get(id)).toBeDefined();
  });
});
