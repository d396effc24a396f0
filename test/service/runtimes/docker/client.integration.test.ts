import { expect, test } from 'vitest';
import { type DockerCall, DockerClient } from '../../../../src/service/runtimes/docker/client.ts';
import { settle } from '../../../support/fake-clock.ts';
import { startStubServer } from '../../../support/http/stub-server.ts';

/** A client of a stub daemon, and what it tells of its calls. */
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

test('each call is told of by its name as it ends, the ping too', async () => {
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
  [404, true],
  [409, true],
  [500, false],
])('an answer of %i counts as success: %s', async (status, succeeded) => {
  await using daemon = await startStubServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"no"}');
  });
  const { client, ended } = observe(daemon.port);
  const call = client.call('inspect', (abortSignal) =>
    client.docker.getContainer('x').inspect({ abortSignal }),
  );
  await expect(call).rejects.toMatchObject({ statusCode: status });
  expect(ended).toEqual([{ call: 'inspect', seconds: expect.any(Number), succeeded }]);
});

test('no answer in time is a failure that took as long as the deadline', async () => {
  await using daemon = await startStubServer(() => {});
  const { client, ended } = observe(daemon.port, 0.1);
  const call = client.call('stop', (abortSignal) => client.docker.getContainer('x').stop({ abortSignal }));
  await expect(call).rejects.toMatchObject({ code: 'runtime_unavailable' });
  expect(ended).toMatchObject([{ call: 'stop', succeeded: false }]);
  expect(ended[0]?.seconds).toBeGreaterThan(0.09);
});

test('the wait for a turn does not count: it says nothing of the daemon', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<string>();
  const { client, ended } = observe(1);
  const first = client.call('list', () => gate);
  const second = client.call('inspect', () => Promise.resolve('there'));
  // By now the first call has its turn, and the second waits for it.
  await settle();
  const begun = performance.now();
  while (performance.now() - begun < 50);
  open('list');
  expect(await Promise.all([first, second])).toEqual(['list', 'there']);
  expect(ended.map(({ call }) => call)).toEqual(['list', 'inspect']);
  expect(ended[0]?.seconds).toBeGreaterThan(0.045);
  expect(ended[1]?.seconds).toBeLessThan(ended[0]!.seconds);
});
