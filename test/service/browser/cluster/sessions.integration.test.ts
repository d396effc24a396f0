import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { MemberRecords } from '../../../../src/service/browser/cluster/member-record.ts';
import { OWNER_DIED } from '../../../../src/service/browser/cluster/members.ts';
import { networkNamespace } from '../../../../src/service/browser/cluster/network.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../../support/redis/redis.ts';
import { KEY, type TestApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { call, remoteSession, TestCluster, WAIT_MS } from './support.ts';

const FAR_MS = 15_000;

describeWithRedis('sessions of other orchestrators', () => {
  let redis: RedisServer;
  let cluster: TestCluster;
  let app: TestApp;
  let requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  beforeAll(async () => {
    redis = await startRedis();
    cluster = new TestCluster(redis);
    app = await cluster.start();
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    requests = [];
    await cluster.command('DEL', cluster.key('sessions'));
  });

  /** A server in place of another orchestrator. */
  async function otherServer(answer?: Parameters<typeof createServer>[1]): Promise<string> {
    const server: Server = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      const body = (await request.setEncoding('utf8').toArray()).join('');
      requests.push({ method, url, headers, body });
      if (answer) answer(request, response);
      else response.writeHead(200, { 'content-type': 'application/json', etag: '"x"' }).end('{"a":1}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Publishes a record of an orchestrator, and a session of it. */
  async function publish(
    url: string | null,
    { key = KEY, loopbackOf = networkNamespace(), at = Date.now(), session = remoteSession() } = {},
  ): Promise<string> {
    const member = { id: session.owner, name: 'machine', url, loopbackOf, at };
    const ends = Date.now() + FAR_MS;
    const record = `${ends} ${new MemberRecords(key).encode(member)}`;
    await cluster.command('HSET', cluster.key('members'), session.owner, record);
    await cluster.command('HSET', cluster.key('sessions'), session.id, JSON.stringify(session));
    await cluster.command('PUBLISH', cluster.key('changes'), 'members ');
    await waitUntil(
      'the session is listed with its orchestrator',
      async () =>
        (await call(app, 'GET', '/browser/sessions')).body.some(
          ({ id }: { id: string }) => id === session.id,
        ),
      WAIT_MS,
    );
    return `/browser/sessions/${session.id}`;
  }

  test('requests are passed on with method, body and key, and responses come back', async () => {
    const session = await publish(await otherServer());
    const reply = await call(app, 'POST', `${session}/execute?x=1`, { script: '1' });
    expect([reply.status, reply.body, reply.headers.etag]).toEqual([200, { a: 1 }, '"x"']);
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: `${session}/execute?x=1`,
        body: '{"script":"1"}',
        headers: { 'x-api-key': KEY },
      },
    ]);
    expect((await app.get(session)).status).toBe(401);
    expect(requests).toHaveLength(1);
  });

  test('a request whose target is a whole URL is passed on to the orchestrator, and not to the host in it', async () => {
    const session = await publish(await otherServer());
    const { port } = new URL(app.url);
    const path = `http://other.example${session}?x=1`;
    const request = get({ host: '127.0.0.1', port, path, headers: { ...WITH_KEY, host: 'localhost' } });
    const [response] = await once(request, 'response');
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(requests).toMatchObject([{ method: 'GET', url: `${session}?x=1` }]);
  });

  test('a request that was forwarded is not forwarded again', async () => {
    const session = await publish(await otherServer());
    const headers = { ...WITH_KEY, 'x-roundhouse-forwarded': 'x' };
    const reply = await app.get(session, headers);
    expect([reply.status, reply.body.code]).toEqual([404, 'session_not_found']);
    expect(requests).toEqual([]);
  });

  test('lines of a log arrive as they are written, and end with the client', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await otherServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('first\n');
      response.once('close', resolve);
      request.resume();
    });
    const session = await publish(url);
    const stop = new AbortController();
    const response = await fetch(`${app.url}${session}/logs?follow=true`, {
      headers: WITH_KEY,
      signal: stop.signal,
    });
    const { value } = await response.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toBe('first\n');
    stop.abort();
    await closed;
  });

  test('an orchestrator that cannot be reached, or refuses the key, is a clear error', async () => {
    const session = await publish('http://127.0.0.1:9');
    const reply = await call(app, 'GET', `${session}/screenshot`);
    expect([reply.status, reply.body.code]).toEqual([502, 'owner_unreachable']);
    const other = remoteSession({ id: 'b', owner: 'b' });
    await publish(await otherServer((_request, response) => response.writeHead(401).end()), {
      session: other,
    });
    const refused = await call(app, 'GET', '/browser/sessions/b/logs');
    expect([refused.status, refused.body.detail]).toEqual([
      502,
      'The orchestrator that runs the session refuses the API key: set the same API_KEY',
    ]);
  });

  test.for([
    ['signed with another key', { key: 'another-key' }],
    ['of another machine with a loopback address', { loopbackOf: 'elsewhere' }],
    ['too old', { at: Date.now() - 3_600_000 }],
  ] as const)('no request is sent to an address in a record that is %s', async ([, change]) => {
    const session = await publish(await otherServer(), change);
    const reply = await call(app, 'GET', `${session}/logs`);
    expect([reply.status, reply.body.code]).toEqual([502, 'owner_unreachable']);
    expect(requests).toEqual([]);
  });

  test('when an orchestrator has died, its sessions fail; they can be read and removed', async () => {
    const session = remoteSession({ owner: 'dead' });
    await cluster.command('HSET', cluster.key('members'), 'dead', `${Date.now() - 1} x`);
    await cluster.command('HSET', cluster.key('sessions'), session.id, JSON.stringify(session));
    await cluster.command('PUBLISH', cluster.key('changes'), 'members ');
    const path = `/browser/sessions/${session.id}`;
    const failed = await waitUntil(
      'it has failed',
      async () => {
        const { body } = await call(app, 'GET', path);
        return body.status === 'failed' && body;
      },
      WAIT_MS,
    );
    expect(failed).toMatchObject({ id: session.id, reason: OWNER_DIED, ended_at: expect.any(String) });
    expect((await call(app, 'GET', `${path}/logs`)).body.code).toBe('owner_unreachable');
    expect((await call(app, 'DELETE', path)).body.status).toBe('failed');
    expect((await call(app, 'GET', path)).status).toBe(404);
    expect(await cluster.command('HLEN', cluster.key('sessions'))).toBe(0);
  });
});
