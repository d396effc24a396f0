import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAgentServer } from '../../../../../src/service/runtimes/swarm/agent/agent-server.ts';
import { EventBuffer } from '../../../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import { clientTls } from '../../../../../src/service/runtimes/swarm/agent/key.ts';
import type { NodeContainers } from '../../../../../src/service/runtimes/swarm/agent/node-containers.ts';

const KEY = randomBytes(32);

let containers: { isKnown: boolean; dockerResponds: boolean; list(): []; sample(): Promise<object> };
let server: Server;
let client: Agent;
beforeEach(async () => {
  containers = { isKnown: true, dockerResponds: true, list: () => [], sample: async () => ({}) };
  server = createAgentServer({
    nodeId: 'node',
    version: '1',
    key: KEY,
    containers: containers as unknown as NodeContainers,
    events: new EventBuffer(3),
  });
  client = new Agent(clientTls(KEY));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const address = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });

async function statusOf(path: string, method = 'GET'): Promise<number | undefined> {
  const request = get({ ...address(), agent: client, path, method });
  const [response] = await once(request, 'response');
  response.destroy();
  return response.statusCode;
}

it('connections without the key keep nobody out', async () => {
  const sockets: Socket[] = [];
  for (let count = 0; count < 150; count += 1) {
    const socket = connect(address());
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  expect(await statusOf('/samples')).toBe(200);
  for (const socket of sockets) socket.destroy();
});

it('a path that is no URL is refused', async () => {
  expect(await statusOf('//')).toBe(400);
  expect(await statusOf('/livez')).toBe(204);
  expect(await statusOf('/other')).toBe(404);
  expect(await statusOf('/events', 'POST')).toBe(405);
});

it('before Docker has listed the containers, none is reported as missing', async () => {
  containers.isKnown = false;
  expect(await statusOf('/events')).toBe(503);
  expect(await statusOf('/samples')).toBe(503);
  containers.isKnown = true;
  expect(await statusOf('/events')).toBe(200);
});
