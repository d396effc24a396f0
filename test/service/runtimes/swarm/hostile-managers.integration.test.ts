import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../../../src/service/config/config.ts';
import type { EngineSpec } from '../../../../src/service/engines/runtime.ts';
import { readAgentKey } from '../../../../src/service/runtimes/swarm/agent/key.ts';
import { openSwarmRuntime } from '../../../../src/service/runtimes/swarm/open-swarm.ts';
import type { SwarmRuntime } from '../../../../src/service/runtimes/swarm/swarm-runtime.ts';
import { EmulatedSwarm } from '../../../support/swarm/emulated-swarm.ts';
import { ScriptedAgent } from '../../../support/swarm/scripted-agent.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;

let folder: string;
let swarm: EmulatedSwarm;
let socket: string;
let broken: Server | undefined;
let runtime: SwarmRuntime | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-hostile-managers-'));
  socket = join(folder, 'manager.sock');
  swarm = new EmulatedSwarm(3);
  broken = undefined;
  await swarm.listen(socket);
});
afterEach(async () => {
  await runtime?.close();
  broken?.close();
  broken?.closeAllConnections();
  await swarm.close();
  await rm(folder, { recursive: true });
});

async function open(env: NodeJS.ProcessEnv = {}): Promise<SwarmRuntime> {
  const config = readConfig({
    ENGINE_RUNTIME: 'swarm',
    DOCKER_HOST: `unix://${socket}`,
    CONTAINER_LABEL: 'app=test',
    ENGINE_IMAGE: 'engine:1',
    DATA_DIR: join(folder, 'data'),
    ...env,
  });
  runtime = await openSwarmRuntime(
    config,
    () => {},
    () => {},
  );
  return runtime;
}
const spec = (name: string, port = 19_000): EngineSpec => ({
  name,
  ports: { hostHttp: port, containerHttp: 6878, containerHttps: 6879 },
  labels: {},
  env: {},
});

it('a node that has joined and not reported anything yet does not hide the others', async () => {
  const opened = await open();
  const { id } = await opened.create(spec('engine'));
  Object.assign(swarm.nodes[2]!, { Description: {}, Status: { State: 'unknown' } });
  Object.assign(swarm.nodes[1]!, { Spec: {}, Description: null, Status: null });
  expect((await opened.list()).map((engine) => engine.id)).toEqual([id]);
  expect(opened.nodes()[2]).toMatchObject({ name: swarm.nodes[2]!.ID, state: 'unknown', cpus: null });
});

it.each([
  ['an object', '{"message":"hello"}'],
  ['a page', '<html>'],
  ['a list of other things', '[{"ID":1}]'],
  ['nothing', ''],
])('a manager that answers with %s is not used, as long as there is another one', async (_, body) => {
  const other = join(folder, 'broken.sock');
  broken = createServer((_request, response) => response.end(body)).listen(other);
  const opened = await open({ DOCKER_HOST: `unix://${other},unix://${socket}` });
  const { id } = await opened.create(spec('engine'));
  expect((await opened.list()).map((engine) => engine.id)).toEqual([id]);
});

it('a service of somebody else with the same name is neither used nor removed', async () => {
  const opened = await open();
  const foreign = swarm.create({
    Name: 'taken',
    Labels: { app: 'test' },
    EndpointSpec: { Ports: [{ PublishedPort: 80 }] },
  });
  await expect(opened.create(spec('taken'), 100)).rejects.toMatchObject({ code: 'provisioning_failed' });
  expect([...swarm.services.keys()]).toEqual([foreign]);
});

it('a task that runs is not taken for ended because the clock of another manager was behind', async () => {
  const opened = await open();
  const { id } = await opened.create(spec('engine'));
  const task = swarm.tasks.get(id)!;
  const former = { ...structuredClone(task), ID: 'former', DesiredState: 'shutdown' };
  former.Status.State = 'shutdown';
  former.CreatedAt = new Date(Date.parse(task.CreatedAt) + 60_000).toISOString();
  swarm.tasks.set('former', former);
  expect((await opened.list()).map((engine) => engine.id)).toEqual([id]);
});

it('the end of a former container of a restarted engine does not end the engine', async () => {
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, randomBytes(32).toString('hex'));
  const nodeId = swarm.nodes[0]!.ID;
  const agent = new ScriptedAgent(readAgentKey(keyFile));
  await agent.listen({ nodeId });
  const opened = await open({ SWARM_AGENTS: agent.address, AGENT_KEY_FILE: keyFile });
  const { id } = await opened.create(spec('engine'));
  const seen: string[] = [];
  const unwatch = opened.watch({
    onStarted: (started) => seen.push(`started ${started}`),
    onStopped: (stopped) => seen.push(`stopped ${stopped}`),
    onConnected: () => {},
    onDisconnected: () => {},
  });
  await waitUntil('the agent is connected', () => opened.nodes()[0]?.agent === 'connected', TIMEOUT_MS);
  const former = { serviceId: id, containerId: 'former' };
  agent.send({ type: 'running', sequence: 1, ...former, paused: false });
  agent.send({ type: 'ended', sequence: 2, ...former });
  agent.send({ type: 'running', sequence: 3, serviceId: 'last', containerId: 'last', paused: false });
  await waitUntil('all has arrived', () => seen.includes('started last'), TIMEOUT_MS);
  expect(seen).not.toContain(`stopped ${id}`);
  agent.send({ type: 'running', sequence: 4, serviceId: id, containerId: `container${id}`, paused: false });
  agent.send({ type: 'ended', sequence: 5, serviceId: id, containerId: `container${id}` });
  await waitUntil('the engine has ended', () => seen.includes(`stopped ${id}`), TIMEOUT_MS);
  unwatch();
  await agent.close();
});
