import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Agents } from '../../../../src/service/runtimes/swarm/agents.ts';
import { SAMPLE } from '../../../support/swarm/samples.ts';
import { ScriptedAgent } from '../../../support/swarm/scripted-agent.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;
const KEY = randomBytes(32);
const LOAD = { loadAverage: 1, cpus: 2, memoryTotal: 3, memoryAvailable: 4 };
const container = (id: number, paused = false) => ({ serviceId: `s${id}`, containerId: `c${id}`, paused });
const running = (id: number) => ({ type: 'running', sequence: 1, ...container(id) });
const ended = (id: number, sequence = 2) => ({
  type: 'ended',
  sequence,
  serviceId: `s${id}`,
  containerId: `c${id}`,
});

let started: ScriptedAgent[];
let agents: Agents;
let seen: string[];
beforeEach(() => {
  started = [];
  seen = [];
});
afterEach(async () => {
  agents.close();
  await Promise.all(started.map((agent) => agent.close()));
});

async function agent(hello: object = {}): Promise<ScriptedAgent> {
  const created = await new ScriptedAgent(KEY).listen(hello);
  started.push(created);
  return created;
}

function follow(...followed: ScriptedAgent[]): void {
  agents = new Agents(
    followed.map(({ address }) => address),
    KEY,
    TIMEOUT_MS,
  );
  agents.start({
    onRunning: (id) => seen.push(`running ${id}`),
    onEnded: ({ serviceId }) => seen.push(`ended ${serviceId}`),
    onAgentChanged: (id, state) => seen.push(`${id} ${state}`),
  });
}
const waitFor = (line: string) => waitUntil(line, () => seen.includes(line), TIMEOUT_MS);
const read = (nodeId: string, id: string) => agents.samples(nodeId, [id], AbortSignal.timeout(TIMEOUT_MS));
const sampleReply = (sample: object, nodeId = 'node') =>
  JSON.stringify({ nodeId, load: LOAD, samples: { s1: { ...SAMPLE, ...sample } } });

it.each([
  ['a run with characters that a path cannot contain', { run: 'a b\r\n' }],
  [
    'an id of a service that is a path',
    { containers: [{ ...container(1), serviceId: '../containers/json' }] },
  ],
  ['a version without an end', { version: 'v'.repeat(10_000) }],
])('a greeting with %s is refused, and the agent is asked again', async (_, hello) => {
  const hostile = await agent(hello);
  follow(hostile);
  await waitUntil('it is asked again', () => hostile.paths.length > 1, TIMEOUT_MS);
  expect(seen).toEqual([]);
});

it('a line without an end is not kept', async () => {
  const hostile = await agent();
  let sentBytes = 0;
  hostile.onStream((response) => {
    const chunk = Buffer.alloc(2 ** 18, 'x');
    const write = () => {
      while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length;
    };
    response.on('drain', write);
    write();
  });
  follow(hostile);
  await waitUntil('it is asked again', () => hostile.paths.length > 1, TIMEOUT_MS);
  // What is on the way is added to the limit of 1 MB.
  expect(sentBytes).toBeLessThan(20e6);
});

it('the end of a container that its agent has not reported as running is ignored', async () => {
  const [one, other] = [
    await agent({ nodeId: 'one', containers: [container(1)] }),
    await agent({ nodeId: 'other' }),
  ];
  follow(one, other);
  await waitFor('one connected');
  await waitFor('other connected');
  other.send(ended(1));
  other.send(running(2));
  await waitFor('running s2');
  expect(seen).not.toContain('ended s1');
  expect(agents.hasEnded('one', 'c1')).toBe(false);
});

it('the id of the engine that has ended is the one that was reported before', async () => {
  const hostile = await agent({ containers: [container(1)] });
  follow(hostile);
  await waitFor('node connected');
  hostile.send({ ...ended(1), serviceId: 'another' });
  await waitFor('ended s1');
  expect(seen).not.toContain('ended another');
});

it('an address that has become that of another node has no samples of the former one', async () => {
  const moved = await agent({ nodeId: 'former', containers: [container(1)] });
  moved.samples = sampleReply({}, 'former');
  follow(moved);
  await waitFor('former connected');
  expect((await read('former', 's1'))?.samples.s1).toEqual(SAMPLE);
  moved.greet({ nodeId: 'next', containers: [] });
  moved.samples = sampleReply({}, 'next');
  moved.disconnect();
  await waitFor('next connected');
  expect(agents.describe('former').state).toBe('unreachable');
  expect(agents.describe('next').state).toBe('connected');
  expect(await read('former', 's1')).toBeNull();
  // A container is not gone because an address is.
  expect(seen).not.toContain('ended s1');
});

it('an agent that is away is reported once, and once when it is back', async () => {
  const away = await agent();
  follow(away);
  await waitFor('node connected');
  away.onStream((response) => response.destroy());
  away.disconnect();
  await waitUntil('it was tried several times', () => away.paths.length > 3, TIMEOUT_MS);
  away.greet({});
  await waitUntil('it is back', () => agents.describe('node').state === 'connected', TIMEOUT_MS);
  expect(seen).toEqual(['node connected', 'node unreachable', 'node connected']);
});

it('a node that is no longer in the Swarm is forgotten, unless its agent responds', async () => {
  const [away, connected] = [await agent({ nodeId: 'away' }), await agent({ nodeId: 'connected' })];
  const states = () => ['away', 'connected'].map((id) => agents.describe(id).state);
  follow(away, connected);
  await waitFor('away connected');
  await waitFor('connected connected');
  agents.retain(new Set());
  expect(states()).toEqual(['connected', 'connected']);
  away.onStream((response) => response.destroy());
  away.disconnect();
  await waitFor('away unreachable');
  agents.retain(new Set());
  expect(states()).toEqual(['missing', 'connected']);
});

/** Two agents with the same node id, which greet one after the other. */
async function followTwo(one: ScriptedAgent, other: ScriptedAgent, hello: object): Promise<void> {
  other.onStream(() => {});
  follow(one, other);
  await waitFor('node connected');
  await waitUntil('the other one is asked', () => other.paths.length === 1, TIMEOUT_MS);
  other.greetNow(hello);
  await waitFor('running s2');
}

it('of two agents of one node, either may be lost', async () => {
  const [old, next] = [await agent({ containers: [container(1)] }), await agent()];
  old.samples = sampleReply({});
  await followTwo(old, next, { containers: [container(1), container(2)] });
  next.disconnect();
  await waitUntil('the next one is lost', () => next.paths.length > 1, TIMEOUT_MS);
  expect(agents.describe('node').state).toBe('connected');
  expect((await read('node', 's1'))?.samples.s1).toEqual(SAMPLE);
  expect(seen).not.toContain('node unreachable');
});

it('machines with the same node id do not end the containers of each other', async () => {
  const [machine, clone] = [await agent({ containers: [container(1)] }), await agent()];
  await followTwo(machine, clone, { containers: [container(2)] });
  machine.send(ended(1));
  await waitFor('ended s1');
  expect(seen.filter((line) => line.startsWith('ended'))).toEqual(['ended s1']);
  expect(agents.containerOf('node', 's2')).toBe('c2');
});

it('what has started or was paused while the connection was lost is reported', async () => {
  const restarted = await agent({ containers: [container(1), container(2)] });
  follow(restarted);
  await waitFor('node connected');
  restarted.greet({ run: 'next', containers: [container(1, true), container(2), container(3)] });
  restarted.disconnect();
  await waitFor('running s3');
  expect(seen.filter((line) => line.startsWith('running'))).toEqual(['running s1', 'running s3']);
});

it.each([
  ['negative', { memoryUsage: -1 }],
  ['no number', { cpuNs: '1' }],
  ['too large', { networkRx: 1e30 }],
])('samples with a value that is %s are not used', async (_, sample) => {
  const hostile = await agent({ containers: [container(1)] });
  hostile.samples = sampleReply(sample);
  follow(hostile);
  await waitFor('node connected');
  expect(await read('node', 's1')).toBeNull();
});
