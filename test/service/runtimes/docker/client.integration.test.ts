import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type DockerCall, DockerClient } from '../../../../src/service/runtimes/docker/client.ts';
import { settle } from '../../../support/fake-clock.ts';
import { startStubServer } from '../../../support/http/stub-server.ts';

/** A client of a stub daemon, and its observed calls. */
function observe(port: number, timeoutS = 5) {
  const ended: { call: DockerCall; seconds: number; succeeded: boolean }[] = [];
  const client = new DockerClient({
    host: `tcp://127.0.0.1:${port}`,
    timeoutS,
    concurrency: 1,
    onCall: (call, seconds, succeeded) => ended.push({ call, seconds, succeeded }),
  });
  return { client, ended };
}

test('each call is observed by name when it ends, pings included', async () => {
  await using daemon = await startStubServer('[]');
  const { client, ended } = observe(daemon.port);
  await client.ping();
  await client.call('list', (abortSignal) => client.docker.listContainers({ abortSignal }));
  expect(ended).toEqual([
    { call: 'ping', seconds: expect.any(Number), succeeded: true },
    { call: 'list', seconds: expect.any(Number), succeeded: true },
  ]);
  for (const { seconds } of ended) expect(seconds).toBeGreaterThan(0);
});

test.each([
  [404, true, { statusCode: 404 }],
  [409, true, { code: 'runtime_unavailable', message: expect.stringContaining('status 409') }],
  [304, true, { code: 'runtime_unavailable', message: expect.stringContaining('status 304') }],
  [400, true, { code: 'runtime_unavailable', message: expect.stringContaining('status 400') }],
  [500, false, { code: 'runtime_unavailable', message: expect.stringContaining('status 500') }],
])('an answer of %i counts as success: %s', async (status, succeeded, expected) => {
  await using daemon = await startStubServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"no"}');
  });
  const { client, ended } = observe(daemon.port);
  const call = client.call('inspect', (abortSignal) =>
    client.docker.getContainer('x').inspect({ abortSignal }),
  );
  await expect(call).rejects.toMatchObject(expected);
  expect(ended).toEqual([{ call: 'inspect', seconds: expect.any(Number), succeeded }]);
});

test('an error of a start is that of the daemon, which says what is wrong with the container', async () => {
  await using daemon = await startStubServer((_, response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"port is in use"}');
  });
  const { client } = observe(daemon.port);
  const call = client.call('start', (abortSignal) => client.docker.getContainer('x').start({ abortSignal }));
  await expect(call).rejects.toMatchObject({ statusCode: 500, json: { message: 'port is in use' } });
});

test('a missing response is a failure with the duration of the timeout', async () => {
  await using daemon = await startStubServer(() => {});
  const { client, ended } = observe(daemon.port, 0.1);
  const call = client.call('stop', (abortSignal) => client.docker.getContainer('x').stop({ abortSignal }));
  await expect(call).rejects.toMatchObject({ code: 'runtime_unavailable' });
  expect(ended).toMatchObject([{ call: 'stop', succeeded: false }]);
  expect(ended[0]?.seconds).toBeGreaterThan(0.09);
});

test('the time in the queue is not part of the duration', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<string>();
  const { client, ended } = observe(1);
  const first = client.call('list', () => gate);
  const second = client.call('inspect', () => Promise.resolve('there'));
  // The first call has been made, and the second is queued.
  await settle();
  const begun = performance.now();
  while (performance.now() - begun < 50);
  open('list');
  expect(await Promise.all([first, second])).toEqual(['list', 'there']);
  expect(ended.map(({ call }) => call)).toEqual(['list', 'inspect']);
  expect(ended[0]?.seconds).toBeGreaterThan(0.045);
  expect(ended[1]?.seconds).toBeLessThan(ended[0]!.seconds);
});

test('the daemon may have an IPv6 address', async () => {
  const server = createServer((_, response) => response.end('[]')).listen(0, '::1');
  await once(server, 'listening');
  const host = `tcp://[::1]:${(server.address() as AddressInfo).port}`;
  const client = new DockerClient({ host, timeoutS: 5, concurrency: 1 });
  await expect(client.ping()).resolves.toBeUndefined();
  server.closeAllConnections();
  server.close();
});
