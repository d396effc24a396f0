/**
 * A real agent with containers that only exist in memory, for tests with more nodes than a machine can run. Its arguments
 * are the node's id, the address, the port, the file with the key, and the ids of the services, separated by commas. A
 * message with such an id ends that container; the message `count` is answered with how often samples were taken.
 */
import { once } from 'node:events';
import { createAgentServer } from '../../../src/service/runtimes/swarm/agent/agent-server.ts';
import { EventBuffer } from '../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import { readAgentKey } from '../../../src/service/runtimes/swarm/agent/key.ts';
import type { NodeContainers } from '../../../src/service/runtimes/swarm/agent/node-containers.ts';

const [nodeId = '', host, port, keyFile = '', services = ''] = process.argv.slice(2);
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
process.on('message', (serviceId: string) => {
  if (serviceId === 'count') return process.send?.(sampled);
  events.push({ type: 'ended', serviceId, containerId: `container${serviceId}`, exitCode: 137 });
  return undefined;
});
server.listen(Number(port), host);
await once(server, 'listening');
process.send?.('listening');
