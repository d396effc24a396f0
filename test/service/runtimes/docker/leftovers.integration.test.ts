import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { readConfig } from '../../../../src/service/config/config.ts';
import { DockerClient } from '../../../../src/service/runtimes/docker/client.ts';
import { DockerRuntime } from '../../../../src/service/runtimes/docker/docker-runtime.ts';
import { dockerEngineOptions } from '../../../../src/service/runtimes/docker/options.ts';
import { type StubServer, startStubServer } from '../../../support/http/stub-server.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const ID = 'c'.repeat(64);
const LABELS = { 'ondemand.app': 'myservice', 'roundhouse.instance': 'this-service' };
const SPEC = {
  name: 'engine',
  ports: { hostHttp: 19_000, containerHttp: 6878, containerHttps: 6879 },
  labels: {},
  env: {},
};

/** A daemon with one container, whose replies a test can hold or break. */
async function daemon(handlers: Record<string, (response: ServerResponse) => void>) {
  let state = 'none';
  const listed = () =>
    state === 'none'
      ? []
      : [
          {
            Id: ID,
            Names: ['/engine'],
            State: state,
            Labels: LABELS,
            HostConfig: { NetworkMode: 'default' },
          },
        ];
  const inspected = () => ({
    Id: ID,
    Name: '/engine',
    Created: new Date().toISOString(),
    State: { Running: state === 'running', Paused: false, StartedAt: new Date().toISOString(), Pid: 1 },
    Config: { Labels: LABELS, Image: 'image', Tty: false },
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Ports: {}, Networks: {} },
  });
  const answer = ({ method, url = '' }: IncomingMessage, response: ServerResponse) => {
    const name = `${method} ${url.split('?', 1)[0]?.replace(ID, 'id')}`;
    const send = (status: number, body: unknown = '') =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
    if (name === 'POST /containers/create') state = 'created';
    const handler = handlers[name];
    if (handler) handler(response);
    else if (name === 'GET /containers/json') send(200, listed());
    else if (name === 'POST /containers/create') send(201, { Id: ID });
    else if (name === 'GET /containers/id/json') send(200, inspected());
    else if (name === 'POST /containers/id/start') {
      state = 'running';
      send(204);
    } else {
      state = 'none';
      send(204);
    }
  };
  const server = await startStubServer(answer);
  const client = new DockerClient({ host: `tcp://127.0.0.1:${server.port}`, timeoutS: 5, concurrency: 9 });
  const options = dockerEngineOptions(readConfig({}), 'this-service');
  const runtime = new DockerRuntime(client, options, async () => null);
  return { server, runtime, listed };
}

const deletions = ({ requests }: StubServer) => requests.filter((request) => request.startsWith('DELETE'));

test('a list that is older than the start of a container does not make it a leftover', async () => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime, listed } = await daemon(handlers);
  await using _ = server;
  const held: (() => void)[] = [];
  let list: Promise<unknown> = Promise.resolve();
  handlers['POST /containers/id/start'] = (response) => {
    delete handlers['POST /containers/id/start'];
    handlers['GET /containers/json'] = (late) => {
      const body = JSON.stringify(listed());
      held.push(() => late.writeHead(200, { 'content-type': 'application/json' }).end(body));
      response.writeHead(204).end();
    };
    list = runtime.list();
  };
  await runtime.create(SPEC);
  for (const release of held) release();
  await list;
  await new Promise((resolve) => setImmediate(resolve));
  expect([held.length, deletions(server)]).toEqual([1, []]);
});

test('a container whose start was not reached, as the connection was lost, is removed with the next list', async () => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime } = await daemon(handlers);
  await using _ = server;
  const drop = (response: ServerResponse) => void response.destroy();
  handlers['POST /containers/id/start'] = drop;
  handlers['DELETE /containers/id'] = drop;
  await expect(runtime.create(SPEC)).rejects.toThrow();
  expect(deletions(server)).toHaveLength(1);
  delete handlers['DELETE /containers/id'];
  expect(await runtime.list()).toEqual([]);
  await waitUntil('it is removed', () => deletions(server).length === 2, 10_000);
  expect(await runtime.list()).toEqual([]);
  expect(deletions(server)).toHaveLength(2);
});

test('a removal that Docker does not answer does not delay the error of a failed start', async () => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime } = await daemon(handlers);
  await using _ = server;
  handlers['POST /containers/id/start'] = (response) => void response.destroy();
  handlers['DELETE /containers/id'] = () => {};
  await expect(runtime.create(SPEC, 100)).rejects.toMatchObject({ code: 'runtime_unavailable' });
  expect(deletions(server)).toHaveLength(1);
}, 15_000);

test.each([
  ['no list', 'GET /containers/json', '{"message":"no list"}'],
  ['a list of something else', 'GET /containers/json', '[7]'],
  ['no container', 'GET /containers/id/json', '{}'],
  ['a container without a state', 'GET /containers/id/json', `{"Id":"${ID}","State":null}`],
])('a daemon that sends %s does not respond, as far as engines are concerned', async (_, call, body) => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime } = await daemon(handlers);
  await using _server = server;
  await runtime.create(SPEC);
  const fresh = new DockerRuntime(
    new DockerClient({ host: `tcp://127.0.0.1:${server.port}`, timeoutS: 5, concurrency: 9 }),
    dockerEngineOptions(readConfig({}), 'this-service'),
    async () => null,
  );
  handlers[call] = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  await expect(fresh.list()).rejects.toMatchObject({
    code: 'runtime_unavailable',
    message: 'Docker sent a reply of an unexpected shape',
  });
  delete handlers[call];
  expect(await fresh.list()).toHaveLength(1);
});

test('a container that Docker creates without an id is removed by its name', async () => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime } = await daemon(handlers);
  await using _ = server;
  handlers['POST /containers/create'] = (response) =>
    void response.writeHead(201, { 'content-type': 'application/json' }).end('{}');
  await expect(runtime.create(SPEC)).rejects.toMatchObject({ code: 'runtime_unavailable' });
  await waitUntil('it is removed', () => deletions(server).length === 1, 10_000);
  expect(deletions(server)[0]).toContain('/containers/engine?');
});

test('an engine that ends right after its start, whose event is lost, is not listed', async () => {
  const handlers: Record<string, (response: ServerResponse) => void> = {};
  const { server, runtime } = await daemon(handlers);
  await using _ = server;
  // It has been removed before it could be inspected.
  handlers['GET /containers/id/json'] = (response) =>
    void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  handlers['GET /containers/json'] = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  await runtime.create(SPEC);
  expect(await runtime.list()).toEqual([]);
  expect(await runtime.inspect(ID)).toBeNull();
});
