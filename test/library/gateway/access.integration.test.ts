import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../../../src/library/gateway/index.ts';
import { LaneServer } from '../../../src/library/gateway/lane/lane-server.ts';
import { isFree } from '../../support/http/free-ports.ts';
import { type Origin, send, startOrigin } from './support.ts';

let gateway: Gateway;
let origin: Origin;

beforeEach(async () => {
  gateway = await openGateway();
  origin = await startOrigin((_request, response) => response.end('reached'));
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

/** Sends bytes to a port and resolves with what it sends until it closes the connection. */
async function exchange(port: number, bytes: string, { end = false } = {}): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  if (end) socket.end();
  await once(socket, 'close');
  return text;
}

const connectTo = (authority: string) => `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;

describe('a lane refuses', () => {
  test.each([
    ['origin form', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', 400],
    ['origin form with another host', 'GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n', 400],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    ['a file: URL', 'GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    ['an ftp: URL', 'GET ftp://a.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    [
      'an https: URL without CONNECT',
      'GET https://a.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'credentials in the URL',
      'GET http://u:p@a.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      400,
    ],
    ['a malformed request', 'NONSENSE\r\n\r\n', 400],
    ['CONNECT without a port', connectTo('a.example'), 400],
    ['CONNECT with a path', connectTo('a.example:443/x'), 400],
    ['CONNECT with port 0', connectTo('a.example:0'), 400],
    [
      'conflicting lengths',
      'POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s', async (_what, bytes, status) => {
    const lane = await gateway.openLane({ allow: ['127.0.0.1'] });
    expect(await exchange(lane.port, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(origin.requests).toEqual([]);
  });

  test.each([
    '127.0.0.1',
    'localhost',
    'localhost.',
    'x.localhost',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '①②⑦.⓪.⓪.①',
  ])('loopback as %s, in a tunnel and without one', async (host) => {
    const lane = await gateway.openLane({ rules: ['*'] });
    const reply = await send(lane, `http://a.example/`).catch(() => undefined);
    expect(reply?.status).not.toBe(200);
    const plain = await exchange(
      lane.port,
      `GET http://${host}:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(plain).toMatch(/^HTTP\/1.1 (403|400) /);
    const tunnel = await exchange(
      lane.port,
      `${connectTo(`${host}:${origin.port}`)}GET / HTTP/1.1\r\nHost: ${host}:${origin.port}\r\nConnection: close\r\n\r\n`,
    );
    expect(tunnel).not.toContain('reached');
    expect(tunnel).toMatch(/HTTP\/1.1 (403|400) /);
    expect(origin.requests).toEqual([]);
  });

  test('a name that resolves to a refused address, and a name that does so later', async () => {
    const lane = await gateway.openLane({ resolve: { 'rebound.test': `127.0.0.1:${origin.port}` } });
    const reply = await send(lane, 'http://rebound.test/');
    expect(reply).toMatchObject({
      status: 403,
      headers: { 'proxy-status': 'roundhouse; error=destination_ip_prohibited' },
    });
    expect(lane.stats().blocked).toBe(1);
  });

  test('a connection that another lane with more permissions has opened', async () => {
    const resolve = { 'inner.test': `127.0.0.1:${origin.port}` };
    const permitted = await gateway.openLane({ resolve, allow: ['inner.test'] });
    const other = await gateway.openLane({ resolve });
    expect((await send(permitted, 'http://inner.test/')).text).toBe('reached');
    expect((await send(other, 'http://inner.test/')).status).toBe(403);
  });

  test('its own port and that of another lane, whatever is allowed', async () => {
    const lane = await gateway.openLane({ allow: ['*', '127.0.0.0/8', '::1'] });
    const other = await gateway.openLane();
    for (const { port } of [lane, other]) {
      for (const host of ['127.0.0.1', 'localhost', '127.9.9.9']) {
        expect((await send(lane, `http://${host}:${port}/`)).status, host).toBe(403);
      }
    }
  });

  test('what deny lists, whatever is allowed', async () => {
    await using strict = await openGateway({ deny: [`127.0.0.1:${origin.port}`, 'service.test'] });
    const lane = await strict.openLane({
      allow: ['*', '127.0.0.0/8'],
      resolve: { 'service.test': `127.0.0.2:${origin.port}` },
    });
    expect((await send(lane, origin.url)).status).toBe(403);
    expect((await send(lane, `http://localhost:${origin.port}`)).status).not.toBe(200);
    expect((await send(lane, 'http://service.test/')).status).toBe(403);
    expect(origin.requests).toEqual([]);
  });

  test('a URL in block', async () => {
    const lane = await gateway.openLane({ allow: ['127.0.0.1'], block: ['*/ads/*'] });
    expect((await send(lane, `${origin.url}/ads/x.js`)).status).toBe(403);
    expect((await send(lane, `${origin.url}/x.js`)).status).toBe(200);
    expect(lane.stats()).toMatchObject({ blocked: 1, requests: 1 });
  });

  test("Chromium's own requests, but not those of pages to the same hosts", async () => {
    const lane = await gateway.openLane({
      resolve: { 'update.googleapis.com': `127.0.0.1:${origin.port}` },
      allow: ['update.googleapis.com'],
    });
    const url = 'http://update.googleapis.com/service/update2';
    expect((await send(lane, url)).status).toBe(403);
    const fromPage = { 'sec-fetch-site': 'cross-site' };
    expect((await send(lane, url, { headers: fromPage })).status).toBe(200);
    expect(lane.stats()).toMatchObject({ background: 1, requests: 1 });
  });

  test('a request for another host within a tunnel', async () => {
    const lane = await gateway.openLane({ allow: ['127.0.0.1'] });
    const authority = `127.0.0.1:${origin.port}`;
    const reply = await exchange(
      lane.port,
      `${connectTo(authority)}GET / HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n`,
    );
    expect(reply).toContain('HTTP/1.1 421');
    expect(origin.requests).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('another user', () => {
  /** Requests a URL through a proxy as the user with id 65534. @returns the output of curl */
  async function requestAsNobody(proxyUrl: string): Promise<string> {
    const args = [
      '--reuid=65534',
      '--clear-groups',
      'curl',
      '-s',
      '-m',
      '10',
      '-x',
      proxyUrl,
      '--noproxy',
      '',
    ];
    const child = spawn('setpriv', [...args, origin.url]);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(child, 'close');
    return output;
  }

  test('is refused, unless userIds contains it', async () => {
    const lane = await gateway.openLane({ allow: ['127.0.0.1'] });
    expect(await requestAsNobody(lane.proxyUrl)).toBe('');
    expect(lane.stats().refused).toBe(1);
    expect(origin.requests).toEqual([]);
    await using shared = await openGateway({ userIds: [65_534] });
    const permitted = await shared.openLane({ allow: ['127.0.0.1'] });
    expect(await requestAsNobody(permitted.proxyUrl)).toBe('reached');
  });
});

describe('half-sent input', () => {
  const servers: LaneServer[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  /** A lane's port whose deadlines are short. */
  async function listen(): Promise<number> {
    const { secureContext } = await import('./support.ts');
    const server = new LaneServer({
      respond: async ({ body }) => {
        for await (const _chunk of body ?? []);
        return { status: 200, headers: {}, body: Buffer.from('complete') };
      },
      upgrade: async () => {},
      checkTunnel: () => {},
      secureContext: () => secureContext(),
      userIds: undefined,
      onRefused: () => {},
      onConnectionClosed: () => {},
      handshakeTimeoutMs: 200,
      idleTimeoutMs: 300,
    });
    servers.push(server);
    return server.listen();
  }

  test.each([
    ['nothing', ''],
    ['half a request line', 'GET http://a.exa'],
    ['half a header section', 'GET http://a.example/ HTTP/1.1\r\nHost: a.exam'],
    ['half a body', 'POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345'],
    [
      'half a chunked body',
      'POST http://a.example/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12',
    ],
    ['a tunnel without content', connectTo('a.example:443')],
    ['half a handshake in a tunnel', `${connectTo('a.example:443')}\x16\x03\x01\x02\x00\x01`],
    ['half a request in a tunnel', `${connectTo('a.example:80')}GET / HTTP/1.1\r\nHo`],
    ['nonsense in a tunnel', `${connectTo('a.example:80')}\x00\x01\x02\x03\r\n\r\n`],
  ])('%s ends at a deadline', async (_what, bytes) => {
    const text = await exchange(await listen(), bytes);
    expect(text).not.toContain('complete');
  });

  test('a request that is complete may wait longer for its response', async () => {
    const server = createServer(() => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    const lane = await gateway.openLane({ allow: ['127.0.0.1'] });
    origin.answer = (_request, response) => {
      setTimeout(() => response.end('late'), 700);
    };
    expect((await send(lane, origin.url)).text).toBe('late');
  });
});

test('connections that the browser leaves open or resets end with the lane', async () => {
  const lane = await gateway.openLane({ allow: ['127.0.0.1'] });
  const sockets = [1, 2, 3].map(() => connect(lane.port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => {}).resume();
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  sockets[0]!.write(connectTo('a.example:443'));
  sockets[1]!.write(connectTo(`127.0.0.1:${origin.port}`));
  await once(sockets[1]!, 'data');
  const secure = connectTls({ socket: sockets[1]!, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  secure.on('error', () => {});
  await once(secure, 'secureConnect');
  sockets[2]!.resetAndDestroy();
  const closed = [sockets[0]!, sockets[1]!].map((socket) => once(socket, 'close'));
  await lane.close();
  await Promise.all(closed);
  expect(await isFree(lane.port)).toBe(true);
});
