import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { withinDeadline } from '../../../src/library/util/deadline.ts';
import { getJson, httpOrigin, StatusError } from '../../../src/service/http-client/get-json.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

const NEVER = new AbortController().signal;
const WAIT_MS = 5000;

function get(port: number, headers?: Record<string, string>) {
  return getJson(`http://127.0.0.1:${port}/x?y=1`, { signal: NEVER, ...(headers && { headers }) });
}

describe('getJson', () => {
  test('parses the response and closes the connection', async () => {
    let sent: unknown;
    await using server = await startStubServer((request, response) => {
      sent = request.headers['x-api-key'];
      response.end('{"a":[1]}');
    });
    expect(await get(server.port, { 'x-api-key': 'sesame' })).toEqual({ a: [1] });
    expect(server.requests).toEqual(['GET /x?y=1']);
    expect(sent).toBe('sesame');
    await waitUntil('the connection to close', async () => (await server.open()) === 0, WAIT_MS);
  });

  test.each([
    ['text', 'hello', /JSON/],
    ['an empty body', '', /JSON/],
    ['more than 64 KiB', `"${'x'.repeat(65_536)}"`, /size/],
  ])('rejects %s', async (_, body, message) => {
    await using server = await startStubServer(body);
    await expect(get(server.port)).rejects.toThrow(message);
  });

  test('accepts a body of the maximum size', async () => {
    await using server = await startStubServer(`"${'x'.repeat(65_534)}"`);
    expect(await get(server.port)).toHaveLength(65_534);
  });

  test.each([204, 301, 404, 500])(
    'rejects status %i with a StatusError, without following a redirect',
    async (status) => {
      await using server = await startStubServer((_, response) =>
        response.writeHead(status, { location: '/elsewhere' }).end(status === 204 ? undefined : '{}'),
      );
      const error = await get(server.port).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StatusError);
      expect((error as StatusError).status).toBe(status);
      expect(server.requests).toHaveLength(1);
    },
  );

  test('supports host names and IPv6 addresses', () => {
    expect(httpOrigin({ host: 'gluetun', port: 1 })).toBe('http://gluetun:1');
    expect(httpOrigin({ host: '::1', port: 6878 })).toBe('http://[::1]:6878');
  });
});

describe('a deadline', () => {
  const start = (task: (signal: AbortSignal) => Promise<unknown>, outer?: AbortSignal) => {
    const clock = new FakeClock();
    let settled = false;
    const result = withinDeadline(
      { clock, timeoutMs: 3000, subject: 'It', ...(outer && { signal: outer }) },
      task,
    );
    const done = () => {
      settled = true;
    };
    result.then(done, done);
    return { clock, result, settled: () => settled };
  };

  test('settles as the task does, and leaves no timer', async () => {
    const good = start(async () => 5);
    expect(await good.result).toBe(5);
    const bad = start(() => Promise.reject(new Error('no')));
    await expect(bad.result).rejects.toThrow('no');
    expect(good.clock.pending + bad.clock.pending).toBe(0);
  });

  test('rejects at the deadline even if the task ignores its signal', async () => {
    const { clock, result, settled } = start(() => new Promise(() => {}));
    clock.advance(2999);
    await settle();
    expect(settled()).toBe(false);
    clock.advance(1);
    await expect(result).rejects.toThrow('It did not answer within 3 s');
  });

  test('rejects when the caller aborts, and does not start the task after that', async () => {
    const outer = new AbortController();
    const { clock, result } = start(() => new Promise(() => {}), outer.signal);
    outer.abort(new Error('cancelled'));
    await expect(result).rejects.toThrow('cancelled');
    expect(clock.pending).toBe(0);
    let started = false;
    const late = start(async () => {
      started = true;
    }, outer.signal);
    await expect(late.result).rejects.toThrow('cancelled');
    expect(started).toBe(false);
  });

  test('aborts a response that never ends', async () => {
    await using server = await startStubServer((_, response) => response.write('{'));
    const { clock, result } = start((signal) => getJson(`http://127.0.0.1:${server.port}/`, { signal }));
    await waitUntil('the request', () => server.requests.length === 1, WAIT_MS);
    clock.advance(3000);
    await expect(result).rejects.toThrow('It did not answer');
    await waitUntil('the connection to close', async () => (await server.open()) === 0, WAIT_MS);
  });

  test('discards the unread body of an error response', async () => {
    await using server = await startStubServer((_, response) => response.writeHead(401).write('no'));
    const { result } = start((signal) => getJson(`http://127.0.0.1:${server.port}/`, { signal }));
    await expect(result).rejects.toBeInstanceOf(StatusError);
    await waitUntil('the connection to close', async () => (await server.open()) === 0, WAIT_MS);
  });

  test('applies while connecting', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const { clock, result } = start((signal) => getJson(`https://127.0.0.1:${port}/`, { signal }));
    await waitUntil('the connection', () => sockets.length === 1, WAIT_MS);
    clock.advance(3000);
    await expect(result).rejects.toThrow('It did not answer');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
