import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SseClients } from '../../../../src/service/api/live/sse-clients.ts';
import { ChangeFeed } from '../../../../src/service/events/change-feed.ts';
import { EventBus } from '../../../../src/service/events/events.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { LiveClient } from '../../../support/http/live-client.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const WAIT_MS = 10_000;
/** Notices of 20 kB fill the buffers of both sockets, some megabytes, in a short time. */
const LONG_ID = 'x'.repeat(20_000);

/** Clients of a server that does nothing else. */
async function start() {
  const bus = new EventBus();
  const notices = new ChangeFeed(bus, 1000);
  const clients = new SseClients({ notices, clock: new FakeClock(), maxClients: 10 });
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
    const lastId = request.headers['last-event-id'];
    clients.add(response, typeof lastId === 'string' ? lastId : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await clients.close();
    server.close().closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const publish = (streamId: string) => bus.publish({ type: 'stream_started', streamId, engineId: null });
  return { clients, notices, responses, port, url: `http://127.0.0.1:${port}`, publish };
}

/** A client that sends a request and reads nothing. */
async function connectIdle(port: number) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.on('error', () => {});
  socket.write('GET /events/live HTTP/1.1\r\nHost: x\r\n\r\n');
  return socket;
}

test('a client that does not read is disconnected; others receive everything', async () => {
  const { clients, port, url, publish } = await start();
  await using reader = await LiveClient.connect(url);
  await reader.received(1);
  await connectIdle(port);
  await waitUntil('two clients', () => clients.size === 2, WAIT_MS);
  let published = 0;
  await waitUntil(
    'the idle one is cut off',
    async () => {
      for (let count = 0; count < 5 && clients.size === 2; count += 1) {
        published += 1;
        publish(`${published}-${LONG_ID}`);
      }
      // The other client has read everything before more is sent.
      await reader.received(1 + published);
      return clients.size === 1;
    },
    30_000,
  );
  publish('last');
  await reader.received(2 + published);
  expect(reader.messages.slice(1).map(({ data }) => String(data.stream_id).split('-')[0])).toEqual([
    ...Array.from({ length: published }, (_, index) => String(index + 1)),
    'last',
  ]);
  expect(clients.size).toBe(1);
}, 60_000);

test('a long replay is replaced by a snapshot message', async () => {
  const { notices, url, publish } = await start();
  const before = notices.lastId;
  publish('short');
  const between = notices.lastId;
  for (let count = 0; count < 10; count += 1) publish(LONG_ID);
  const after = notices.lastId;
  publish('short');
  const beginning = async (lastId: string) => {
    await using client = await LiveClient.connect(url, { 'last-event-id': lastId });
    const [message] = await client.received(1);
    return message!.event;
  };
  expect(await beginning(before)).toBe('snapshot');
  expect(await beginning(between)).toBe('snapshot');
  expect(await beginning(after)).toBe('notice');
});

test('closing does not wait for clients that do not read, and no client can connect afterwards', async () => {
  const { clients, responses, port, publish } = await start();
  const idle = await connectIdle(port);
  const [response] = await waitUntil('a client', () => clients.size === 1 && responses, WAIT_MS);
  // The sockets are full and some data is buffered, but too little to disconnect the client.
  await waitUntil(
    'a backlog',
    () => {
      while (response!.writableLength === 0) publish(LONG_ID);
      return settle().then(() => response!.writableLength > 0);
    },
    WAIT_MS,
  );
  expect(clients.size).toBe(1);
  await clients.close();
  expect(response!.destroyed).toBe(true);
  expect(() => clients.assertRoom()).toThrow('Too many clients');
  idle.resume();
  await once(idle, 'close');
  expect(clients.size).toBe(0);
});
