import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { LostNodes } from '../../../../src/service/runtimes/swarm/lost-nodes.ts';
import { waitUntil } from '../../../support/wait-until.ts';

it('a node that has been removed from the Swarm is not checked any more', async () => {
  let connections = 0;
  let addressReads = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const nodes = new LostNodes(
    (nodeId) => {
      if (nodeId === 'removed') addressReads += 1;
      return [{ host: '127.0.0.1', port }];
    },
    () => {},
  );
  nodes.agentLost('removed');
  nodes.retain(new Set(['other']));
  const readsBefore = addressReads;
  nodes.agentLost('other');
  await waitUntil('the other one was checked three times', () => connections >= 4, 20_000);
  expect(addressReads).toBe(readsBefore);
  nodes.close();
  server.close();
});

it('a node that refuses connections, because its engines do not run yet or have ended, is not lost', async () => {
  const lost: string[] = [];
  let addressReads = 0;
  // Nothing listens at port 1, and connections to a multicast address fail without a packet.
  const hosts: Record<string, string> = { refusing: '127.0.0.1', silent: '224.0.0.1' };
  const nodes = new LostNodes(
    (nodeId) => {
      if (nodeId === 'refusing') addressReads += 1;
      return [{ host: hosts[nodeId]!, port: 1 }];
    },
    (nodeId) => lost.push(nodeId),
  );
  nodes.agentLost('refusing');
  nodes.agentLost('silent');
  await waitUntil('both were checked', () => lost.length > 0 && addressReads > 3, 20_000);
  expect(lost).toEqual(['silent']);
  nodes.close();
});
