import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../../../src/service/config/config.ts';
import type { EngineSpec } from '../../../../src/service/engines/runtime.ts';
import { openSwarmRuntime } from '../../../../src/service/runtimes/swarm/open-swarm.ts';
import type { SwarmRuntime } from '../../../../src/service/runtimes/swarm/swarm-runtime.ts';
import { EmulatedSwarm } from '../../../support/swarm/emulated-swarm.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;
const LABEL = { name: 'app', value: 'test' };

let folder: string;
let swarm: EmulatedSwarm;
let sockets: [string, string];
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-emulated-swarm-'));
  sockets = [join(folder, 'a.sock'), join(folder, 'b.sock')];
  swarm = new EmulatedSwarm(3);
  warnings = [];
  await Promise.all(sockets.map((socket) => swarm.listen(socket)));
});
afterEach(async () => {
  await swarm.close();
  await rm(folder, { recursive: true });
});

const open = (env: NodeJS.ProcessEnv = {}, dataDir = 'data'): Promise<SwarmRuntime> => {
  const config = readConfig({
    ENGINE_RUNTIME: 'swarm',
    DOCKER_HOST: sockets.map((socket) => `unix://${socket}`).join(','),
    CONTAINER_LABEL: `${LABEL.name}=${LABEL.value}`,
    ENGINE_IMAGE: 'engine:1',
    DATA_DIR: join(folder, dataDir),
    ...env,
  });
  return openSwarmRuntime(
    config,
    (message) => warnings.push(message),
    () => {},
  );
};
const spec = (port: number, more: Partial<EngineSpec> = {}): EngineSpec => ({
  name: `engine-${port}-${Math.random().toString(36).slice(2)}`,
  ports: { hostHttp: port, containerHttp: 6878, containerHttps: 6879 },
  labels: {},
  env: {},
  ...more,
});
const foreign = (name: string, port: number, labels: Record<string, string> = {}) =>
  swarm.create({ Name: name, Labels: labels, EndpointSpec: { Ports: [{ PublishedPort: port }] } });

it('an engine is a service with its labels, limits and placement, at the address of its node', async () => {
  const runtime = await open({
    ENGINE_PLACEMENT: 'node.labels.engines==true,spread=node.labels.zone',
    ENGINE_MEMORY_LIMIT: '512m',
    ENGINE_MEMORY_RESERVATION: '256m',
    ENGINE_CPU_LIMIT: '1.5',
  });
  const created = await runtime.create(spec(19_000, { labels: { caller: 'me' } }));
  expect(created).toMatchObject({
    node: { name: 'node1' },
    host: '127.0.0.1',
    ports: { hostHttp: 19_000, containerHttp: 6878, containerHttps: 6879 },
    labels: { caller: 'me' },
    startedAt: expect.any(Number),
  });
  expect(await runtime.list()).toEqual([created]);
  expect(await runtime.inspect(created.id)).toEqual(created);
  expect(swarm.services.get(created.id)?.Spec).toMatchObject({
    Labels: { app: 'test', caller: 'me' },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Ports: [{ PublishedPort: 19_000, TargetPort: 6878, PublishMode: 'host' }] },
    TaskTemplate: {
      RestartPolicy: { Condition: 'none' },
      Placement: {
        Constraints: ['node.labels.engines==true'],
        Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.zone' } }],
      },
      Resources: {
        Limits: { MemoryBytes: 512 * 2 ** 20, NanoCPUs: 1.5e9 },
        Reservations: { MemoryBytes: 256 * 2 ** 20 },
      },
      ContainerSpec: { Image: 'engine:1', Labels: { app: 'test', caller: 'me' } },
    },
  });
  await runtime.remove(created.id);
  await runtime.remove(created.id);
  expect(await runtime.list()).toEqual([]);
});

it('without agents, usage is refused with what to do', async () => {
  const runtime = await open();
  expect(warnings).toEqual([expect.stringContaining('SWARM_AGENTS is not set')]);
  await expect(runtime.sample(['a'], AbortSignal.timeout(TIMEOUT_MS))).rejects.toMatchObject({
    code: 'stats_unavailable',
    message: expect.stringContaining('deploy the agents, and set SWARM_AGENTS'),
  });
});

it('a port that any service publishes is taken, and the last place is given once', async () => {
  foreign('web', 19_000);
  const runtime = await open({ MAX_REPLICAS: '1', MIN_REPLICAS: '0', MIN_FREE_REPLICAS: '0' });
  await expect(runtime.create(spec(19_000))).rejects.toMatchObject({ code: 'port_taken' });
  await runtime.create(spec(19_001));
  await expect(runtime.create(spec(19_002))).rejects.toMatchObject({ name: 'CapacityReachedError' });
  // A failed start leaves nothing behind, and foreign services are as they were.
  expect([...swarm.services.values()].map(({ Spec }) => Spec.Name)).toEqual([
    'web',
    expect.stringMatching(/^engine-19001/),
  ]);
});

it('a task that is rejected, or finds no node, is an error that says why', async () => {
  const runtime = await open();
  swarm.outcome = 'rejected';
  await expect(runtime.create(spec(19_000))).rejects.toMatchObject({
    code: 'image_missing',
    message: expect.stringContaining('docker pull engine:1 on every node'),
  });
  swarm.outcome = 'pending';
  await expect(runtime.create(spec(19_000), 100)).rejects.toMatchObject({
    code: 'provisioning_failed',
    message: expect.stringContaining('no suitable node (scheduling constraints not satisfied on 3 nodes)'),
  });
  expect(swarm.services.size).toBe(0);
});

it('adopts engines of a former run and of operators, and sweeps those that have ended', async () => {
  const { id } = await (await open()).create(spec(19_000));
  const adopted = foreign('by-hand', 19_500, { app: 'test' });
  const next = await open();
  expect((await next.list()).map((engine) => engine.id).sort()).toEqual([id, adopted].sort());
  swarm.fail(id);
  swarm.fail(adopted);
  expect(await next.list()).toEqual([]);
  // Only what Roundhouse has created.
  await waitUntil('the ended engine is removed', () => !swarm.services.has(id), TIMEOUT_MS);
  expect([...swarm.services.keys()]).toEqual([adopted]);
});

it('engines of a node that is down are gone', async () => {
  const runtime = await open();
  const created = await runtime.create(spec(19_000));
  swarm.nodes[0]!.Status.State = 'down';
  expect(await runtime.list()).toEqual([]);
  expect(runtime.nodes().map(({ state }) => state)).toEqual(['down', 'ready', 'ready']);
  // Until the election after the loss of a manager is over, all nodes are unknown.
  swarm.nodes[0]!.Status.State = 'unknown';
  expect((await runtime.list()).map(({ id }) => id)).toEqual([created.id]);
});

it('calls go to another manager if one is gone, or none leads for a moment', async () => {
  const runtime = await open();
  await runtime.list();
  await swarm.end(sockets[0]);
  const { id } = await runtime.create(spec(19_000));
  expect((await runtime.list()).map((engine) => engine.id)).toEqual([id]);

  swarm.failure = { status: 503, message: 'The swarm does not have a leader.' };
  const listed = runtime.list();
  await waitUntil('it has failed', () => (swarm.requests.get('GET /services') ?? 0) > 3, TIMEOUT_MS);
  swarm.failure = null;
  expect((await listed).map((engine) => engine.id)).toEqual([id]);
});

it('without any manager, calls fail as unavailable', async () => {
  const runtime = await open({ DOCKER_TIMEOUT_S: '0.5' });
  await swarm.close();
  await expect(runtime.list()).rejects.toMatchObject({ code: 'runtime_unavailable' });
});

it.each(['list', 'inspect'] as const)(
  'a service that appears after its start has failed is no engine, and is removed (%s)',
  async (call) => {
    const runtime = await open();
    const { promise: created, resolve: create } = Promise.withResolvers<void>();
    swarm.creationsWaitFor = created;
    await expect(runtime.create(spec(19_000), 0)).rejects.toMatchObject({ code: 'runtime_unavailable' });
    create();
    const late = await waitUntil('it is created', () => [...swarm.services.keys()][0], TIMEOUT_MS);
    expect(call === 'list' ? await runtime.list() : await runtime.inspect(late)).toEqual(
      call === 'list' ? [] : null,
    );
    await waitUntil('it is removed', () => swarm.services.size === 0, TIMEOUT_MS);
  },
);
