/**
 * A real agent with containers that only exist in memory, for tests with more nodes than a machine can run. Its arguments
 * are the node's id, the address, the port, the file with the key, and the ids of the services, separated by commas. A
 * message with such an id ends that container; the message `count` is answered with how often samples were taken,
 * `memory` with the bytes that the process uses, and `flap` with the number of events after it has paused and resumed
 * its containers, and reported unknown ones, 1000 times a second for 4 s.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createAgentServer } from '../../../src/service/runtimes/swarm/agent/agent-server.ts';
import { EventBuffer } from '../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import { readAgentKey } from '../../../src/service/runtimes/swarm/agent/key.ts';
import type { NodeContainers } from '../../../src/service/runtimes/swarm/agent/node-containers.ts';

const [nodeId = '', host, port, keyFile = '', services = ''] = process.argv.slice(2);
const FLAP_MS = 4000;
const startedAt = Date.now();
const containers = services
  .split(',')
  .map((serviceId) => ({ serviceId, containerId: `container${serviceId}`, paused: false }));
const events = new EventBuffer(1000);
let sampled = 0;

const sample = () => ({
  takenAt: Date.now(),
  startedAt,
  cpuNs: (Date.now() - startedAt) * 1e5,
  memoryUsage: 1000,
  memoryLimit: 2000,
  networkRx: 1,
  networkTx: 1,
  blockRead: 1,
  blockWrite: 1,
  networkNamespace: null,
});
const nodeContainers = {
  dockerResponds: true,
  isKnown: true,
  list: () => containers,
  sample: async () => {
    sampled += 1;
    return Object.fromEntries(containers.map(({ serviceId }) => [serviceId, sample()]));
  },
} as unknown as NodeContainers;
const server = createAgentServer({
  nodeId,
  version: 'test',
  key: readAgentKey(keyFile),
  containers: nodeContainers,
  events,
});
/** Also at a machine's worst: timers may be late, so each adds what is due. */
async function flap(): Promise<void> {
  const startMs = performance.now();
  let count = 0;
  for (let due = 0; due < FLAP_MS; ) {
    due = Math.min(FLAP_MS, performance.now() - startMs);
    for (; count < due; count += 1) change(count);
    await delay(10);
  }
  for (const container of containers) events.push({ type: 'running', ...container, paused: false });
  process.send?.(count);
}

/** Each container is paused and resumed in turn. Every tenth change is one of a container that Swarm does not have. */
function change(count: number): void {
  if (count % 10 === 0) {
    const unknown = { serviceId: `unknown${count}`, containerId: `unknown${count}` };
    events.push({ type: 'running', ...unknown, paused: false });
    events.push({ type: 'ended', ...unknown, exitCode: 1 });
    return;
  }
  const container = containers[count % containers.length]!;
  const paused = count % (2 * containers.length) < containers.length;
  events.push({ type: 'running', ...container, paused });
}

process.on('message', (serviceId: string) => {
  if (serviceId === 'count') return process.send?.(sampled);
  if (serviceId === 'memory') return process.send?.(process.memoryUsage.rss());
  if (serviceId === 'flap') return void flap();
  events.push({ type: 'ended', serviceId, containerId: `container${serviceId}`, exitCode: 137 });
  return undefined;
});
server.listen(Number(port), host);
await once(server, 'listening');
process.send?.('listening');
