import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAgentServer } from '../../../../src/service/runtimes/swarm/agent/agent-server.ts';
import { EventBuffer } from '../../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import type { NodeContainers } from '../../../../src/service/runtimes/swarm/agent/node-containers.ts';
import type { AgentContainer } from '../../../../src/service/runtimes/swarm/agent/protocol.ts';
import { Agents } from '../../../../src/service/runtimes/swarm/agents.ts';
import { SAMPLE } from '../../../support/swarm/samples.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;
const KEY = randomBytes(32);
const NODE = 'node-a';

let running: AgentContainer[];
let sampled: number;
let unreadable: string[];
let events: EventBuffer;
let server: Server;
let port: number;
let agents: Agents;
let seen: string[];
let warnings: string[];
let refusals: number;
beforeEach(async () => {
  running = [
    { serviceId: 's1', containerId: 'c1', paused: false },
    { serviceId: 's2', containerId: 'c2', paused: true },
  ];
  sampled = 0;
  unreadable = [];
  events = new EventBuffer(3);
  seen = [];
  warnings = [];
  refusals = 0;
  await serve(0);
});
afterEach(async () => {
  agents.close();
  await stop();
});

/** Starts an agent, as at the start of its process. */
async function serve(atPort: number): Promise<void> {
  const containers = {
    dockerResponds: true,
    isKnown: true,
    list: () => running,
    sample: async () => {
      sampled += 1;
      const read = running.filter(({ serviceId }) => !unreadable.includes(serviceId));
      return Object.fromEntries(read.map(({ serviceId }) => [serviceId, SAMPLE]));
    },
  } as unknown as NodeContainers;
  server = createAgentServer({ nodeId: NODE, version: '1.2.3', key: KEY, containers, events });
  server.on('tlsClientError', () => {
    refusals += 1;
  });
  server.listen(atPort, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}

async function stop(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

function connect(key = KEY): void {
  agents = new Agents([`127.0.0.1:${port}`], key, TIMEOUT_MS, (text) => warnings.push(text));
  agents.start({
    onRunning: (id) => seen.push(`running ${id}`),
    onEnded: ({ serviceId, exitCode }) => seen.push(`ended ${serviceId} ${exitCode}`),
    onAgentChanged: (id, state) => seen.push(`${id} ${state}`),
  });
}
const waitFor = (line: string) => waitUntil(line, () => seen.includes(line), TIMEOUT_MS);
const read = (ids: string[]) => agents.samples(NODE, ids, AbortSignal.timeout(TIMEOUT_MS));

it('an agent reports its containers, and each change', async () => {
  connect();
  await waitFor('node-a connected');
  expect(agents.describe(NODE)).toEqual({ state: 'connected', version: '1.2.3', load: null });
  expect([agents.isPaused(NODE, 'c1'), agents.isPaused(NODE, 'c2')]).toEqual([false, true]);
  events.push({ type: 'running', serviceId: 's3', containerId: 'c3', paused: false });
  events.push({ type: 'ended', serviceId: 's1', containerId: 'c1', exitCode: 137 });
  await waitFor('ended s1 137');
  expect(seen).toContain('running s3');
  expect([agents.hasEnded(NODE, 'c1'), agents.hasEnded(NODE, 'c3')]).toEqual([true, false]);
});

it('what happens while the connection is interrupted is reported later', async () => {
  connect();
  await waitFor('node-a connected');
  server.closeAllConnections();
  await waitFor('node-a unreachable');
  events.push({ type: 'ended', serviceId: 's1', containerId: 'c1', exitCode: 1 });
  await waitFor('ended s1 1');
});

it('a container that has ended while the agent was restarted, or the events were lost, has ended', async () => {
  connect();
  await waitFor('node-a connected');
  await stop();
  running = running.filter(({ containerId }) => containerId !== 'c1');
  events = new EventBuffer(3);
  await serve(port);
  await waitFor('ended s1 undefined');
  expect(seen.filter((line) => line.startsWith('ended'))).toHaveLength(1);
});

it('samples are asked for once, whatever the number of readers, and again for an engine that they lack', async () => {
  connect();
  await waitFor('node-a connected');
  const replies = await Promise.all(Array.from({ length: 50 }, () => read(['s1', 's2'])));
  expect(replies.every((reply) => reply?.samples.s1?.memoryUsage === 7)).toBe(true);
  expect(sampled).toBe(1);
  expect(agents.describe(NODE).load?.memoryTotal).toBeGreaterThan(0);
  running.push({ serviceId: 's3', containerId: 'c3', paused: false });
  expect((await read(['s3']))?.samples.s3).toEqual(SAMPLE);
  expect(sampled).toBe(2);
});

it('an engine that its agent cannot read causes no further requests', async () => {
  connect();
  await waitFor('node-a connected');
  unreadable = ['s2'];
  const replies = await Promise.all([read(['s1', 's2']), read(['s2']), read(['s2'])]);
  expect(replies.map((reply) => reply?.samples)).toEqual(replies.map(() => ({ s1: SAMPLE })));
  expect(sampled).toBe(1);
});

it('a node whose agent does not respond has no samples', async () => {
  connect();
  await waitFor('node-a connected');
  await stop();
  expect(await read(['s1'])).toBeNull();
  await serve(port);
});

it('with another key, there is no connection, and the operator is warned once', async () => {
  connect(randomBytes(32));
  await waitUntil('it is tried again', () => refusals > 1, TIMEOUT_MS);
  expect(seen).toEqual([]);
  expect(agents.describe(NODE).state).toBe('missing');
  expect(warnings).toEqual([expect.stringContaining(`The agent at 127.0.0.1:${port} has another key`)]);
});
