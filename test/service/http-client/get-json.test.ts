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

describe('JSON', () => {
  test('is read, and the connection closed', async () => {
    let sent: unknown;
    await using server = await startStubServer((request, response) => {
      sent = request.headers['x-api-key'];
      response.end('{"a":[1]}');
    });
    expect(await get(server.port, { 'x-api-key': 'sesame' })).toEqual({ a: [1] });
    expect(server.requests).toEqual(['GET /x?y=1']);
    expect(sent).toBe('sesame');
    await waitUntil('the connection is closed', async () => (await server.open()) === 0, WAIT_MS);
  });

  test.each([
    ['rubbish', 'hello', /JSON/],
    ['nothing', '', /JSON/],
    ['more than 64 KiB', `"${'x'.repeat(65_536)}"`, /size/],
  ])('is not %s', async (_, body, message) => {
    await using server = await startStubServer(body);
    await expect(get(server.port)).rejects.toThrow(message);
  });

  test('that is as long as may be is read', async () => {
    await using server = await startStubServer(`"${'x'.repeat(65_534)}"`);
    expect(await get(server.port)).toHaveLength(65_534);
  });

  test.each([204, 301, 404, 500])('with status %i is none, and nothing is followed', async (status) => {
    await using server = await startStubServer((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(status === 204 ? undefined : '{}'),
    );
    const error = await get(server.port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test('is asked of addresses of either family', () => {
    expect(httpOrigin({ host: 'gluetun', port: 1 })).toBe('http://gluetun:1');
    expect(httpOrigin({ host: '::1', port: 6878 })).toBe('http://[::1]:6878');
  });
});

describe('a deadline', () => {
  const start = (ask: (signal: AbortSignal) => Promise<unknown>, outer?: AbortSignal) => {
    const clock = new FakeClock();
    let settled = false;
    const answer = withinDeadline({ clock, timeoutMs: 3000, who: 'It', ...(outer && { outer }) }, ask);
    const done = () => {
      settled = true;
    };
    answer.then(done, done);
    return { clock, answer, settled: () => settled };
  };

  test('passes on what is answered in time, or thrown, and leaves no timer', async () => {
    const good = start(async () => 5);
    expect(await good.answer).toBe(5);
    const bad = start(() => Promise.reject(new Error('no')));
    await expect(bad.answer).rejects.toThrow('no');
    expect(good.clock.pending + bad.clock.pending).toBe(0);
  });

  test('ends an asking that pays no heed to its signal, at the deadline and not before', async () => {
    const { clock, answer, settled } = start(() => new Promise(() => {}));
    clock.advance(2999);
    await settle();
    expect(settled()).toBe(false);
    clock.advance(1);
    await expect(answer).rejects.toThrow('It did not answer within 3 s');
  });

  test('is ended by who asks, who asks nothing once that has happened', async () => {
    const outer = new AbortController();
    const { clock, answer } = start(() => new Promise(() => {}), outer.signal);
    outer.abort(new Error('no longer wanted'));
    await expect(answer).rejects.toThrow('no longer wanted');
    expect(clock.pending).toBe(0);
    let asked = false;
    const late = start(async () => {
      asked = true;
    }, outer.signal);
    await expect(late.answer).rejects.toThrow('no longer wanted');
    expect(asked).toBe(false);
  });

  test('gives up an answer that is never ended', async () => {
    await using server = await startStubServer((_, response) => response.write('{'));
    const { clock, answer } = start((signal) => getJson(`http://127.0.0.1:${server.port}/`, { signal }));
    await waitUntil('it is asked', () => server.requests.length === 1, WAIT_MS);
    clock.advance(3000);
    await expect(answer).rejects.toThrow('It did not answer');
    await waitUntil('the connection is closed', async () => (await server.open()) === 0, WAIT_MS);
  });

  test('gives up the unread body of a refusal', async () => {
    await using server = await startStubServer((_, response) => response.writeHead(401).write('no'));
    const { answer } = start((signal) => getJson(`http://127.0.0.1:${server.port}/`, { signal }));
    await expect(answer).rejects.toBeInstanceOf(StatusError);
    await waitUntil('the connection is closed', async () => (await server.open()) === 0, WAIT_MS);
  });

  test('holds while the connection is being made', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const { clock, answer } = start((signal) => getJson(`https://127.0.0.1:${port}/`, { signal }));
    await waitUntil('it is called', () => sockets.length === 1, WAIT_MS);
    clock.advance(3000);
    await expect(answer).rejects.toThrow('It did not answer');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
