import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createServer } from '../../../../src/service/api/server.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const WAIT_MS = 10_000;

/** A server with a route that replies when the test says so. */
async function startServer() {
  const api = createServer({ info: () => {}, error: () => {} } as never, {} as never);
  onTestFinished(() => api.close());
  const handled: { path: string; reply: () => void }[] = [];
  api.get('/:name', (request) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    handled.push({ path: request.url, reply: () => resolve(`<${request.url}>`) });
    return promise;
  });
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as AddressInfo;
  const open = async (): Promise<{ socket: Socket; received: () => string }> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.setEncoding('latin1').on('data', (data) => {
      text += data;
    });
    await once(socket, 'connect');
    return { socket, received: () => text };
  };
  const untilHandled = (count: number) =>
    waitUntil(`${count} requests are handled`, () => handled.length === count, WAIT_MS);
  return { handled, open, untilHandled };
}

const requests = (count: number) =>
  Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');

test('requests of one connection are handled one after another, in their order', async () => {
  const { handled, open, untilHandled } = await startServer();
  const { socket, received } = await open();
  socket.write(requests(5));
  for (let count = 1; count <= 5; count += 1) {
    await untilHandled(count);
    // A request on another connection is handled meanwhile, and later ones of this connection are not.
    const other = await open();
    other.socket.write('GET /other HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitUntil(
      'the other request is handled',
      () => handled.some(({ path }) => path === '/other'),
      WAIT_MS,
    );
    handled.splice(
      handled.findIndex(({ path }) => path === '/other'),
      1,
    );
    expect(handled.map(({ path }) => path)).toEqual(Array.from({ length: count }, (_, index) => `/${index}`));
    handled[count - 1]!.reply();
  }
  await waitUntil('all replies have arrived', () => received().includes('</4>'), WAIT_MS);
  expect(received().match(/<\/\d>/g)).toEqual(['</0>', '</1>', '</2>', '</3>', '</4>']);
});

test('a connection is closed if too many requests wait', async () => {
  const { handled, open, untilHandled } = await startServer();
  const { socket } = await open();
  const closed = once(socket, 'close');
  socket.write(requests(102));
  await closed;
  await untilHandled(1);
  handled[0]!.reply();
});

test('requests that wait are dropped when their connection is closed', async () => {
  const { handled, open, untilHandled } = await startServer();
  const first = await open();
  first.socket.write(requests(3));
  await untilHandled(1);
  first.socket.destroy();
  const second = await open();
  second.socket.write(requests(1));
  await untilHandled(2);
  handled[0]!.reply();
  handled[1]!.reply();
  await waitUntil('the second connection has its reply', () => second.received().includes('</0>'), WAIT_MS);
  expect(handled).toHaveLength(2);
});

test('a client that sends each request after the reply to the one before is never delayed', async () => {
  const { handled, open, untilHandled } = await startServer();
  const { socket, received } = await open();
  for (let count = 1; count <= 3; count += 1) {
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await untilHandled(count);
    handled[count - 1]!.reply();
    await waitUntil('the reply has arrived', () => received().split('</a>').length === count + 1, WAIT_MS);
  }
});
