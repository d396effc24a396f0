import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import type { LogOptions } from '../../../../../src/service/engines/runtime.ts';
import { RoundhouseError } from '../../../../../src/service/errors.ts';
import { type FakeClock, settle } from '../../../../support/fake-clock.ts';
import { startFakeApp, type TestApp, WITH_KEY } from '../../../../support/service/app.ts';
import type { FakeRuntime } from '../../../../support/service/fake-runtime.ts';
import { waitUntil } from '../../../../support/wait-until.ts';

// A busy machine makes these tests slow.
vi.setConfig({ testTimeout: 30_000 });

const DEADLINE_MS = 10_000;
const MAX_READERS = 32;
const PIECE = Buffer.alloc(64 * 1024, 'x');

type FakeApp = TestApp<FakeRuntime, FakeClock>;

/** An application with one engine. */
async function start() {
  const app: FakeApp = await startFakeApp();
  const { id } = app.runtime.start();
  await settle();
  return { app, id, url: `/engines/${id}/logs` };
}

async function* chunks(...texts: (string | Buffer)[]) {
  for (const text of texts) yield Buffer.from(text);
}

/** A log that ends when its reader disconnects. */
function endless({ signal }: LogOptions, first: string) {
  return (async function* () {
    yield Buffer.from(first);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  })();
}

/** A client that reads over a socket, and what it has received so far. */
class LogClient {
  text = '';
  status: number | undefined;
  headers: IncomingMessage['headers'] = {};
  outcome: 'open' | 'ended' | 'broken' = 'open';
  readonly request: ClientRequest;

  constructor(url: string, { reads = true } = {}) {
    const onBroken = () => {
      this.outcome = 'broken';
    };
    this.request = get(url, { headers: WITH_KEY, agent: false }, (response) => {
      this.status = response.statusCode;
      this.headers = response.headers;
      response.on('error', onBroken);
      if (!reads) return;
      response.setEncoding('utf8').on('data', (text: string) => {
        this.text += text;
      });
      response.on('end', () => {
        this.outcome = 'ended';
      });
    });
    this.request.on('error', onBroken);
  }

  until(what: string, ask: (client: this) => boolean) {
    return waitUntil(what, () => ask(this), DEADLINE_MS);
  }
}

describe('GET /engines/{id}/logs', () => {
  test('returns plain text, with the requested options', async () => {
    const { app, url } = await start();
    await using _ = app;
    const asked: object[] = [];
    app.runtime.readLog = (_id, { signal: _signal, ...options }) => {
      asked.push(options);
      return chunks('one\n', Buffer.from('zw\xc3', 'latin1'), Buffer.from('\xb6lf\r\n\x1b[2J', 'latin1'));
    };
    const reply = await app.get(url, WITH_KEY);
    expect(reply).toMatchObject({ statusCode: 200, text: 'one\nzwölf\n\\x1b[2J' });
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    await app.get(`${url}?tail=5000&follow=false&since=1700000000.5`, WITH_KEY);
    await app.get(`${url}?tail=1&follow=true&since=2026-11-05T12:00:00%2B01:00`, WITH_KEY);
    expect(asked).toEqual([
      { tail: 200, follow: false, since: null },
      { tail: 5000, follow: false, since: 1_700_000_000_500 },
      { tail: 1, follow: true, since: Date.UTC(2026, 10, 5, 11) },
    ]);
  });

  test('checks the key before anything else', async () => {
    const { app, url } = await start();
    await using _ = app;
    expect((await app.get(url)).body).toMatchObject({ status: 401, code: 'missing_key' });
    const wrong = await app.get(url, { 'x-api-key': 'wrong-key' });
    expect(wrong.body).toMatchObject({ status: 401, code: 'wrong_key' });
    expect((await app.get('/engines/unknown/logs')).statusCode).toBe(401);
    const bearer = { authorization: `Bearer ${WITH_KEY['x-api-key']}` };
    expect((await app.get(url, bearer)).statusCode).toBe(200);
  });

  test('refuses invalid parameters', async () => {
    const { app, url } = await start();
    await using _ = app;
    const wrong = ['tail=0', 'tail=5001', 'tail=1e2', 'tail=-1', 'follow=yes', 'follow=', 'since=yesterday'];
    for (const query of [...wrong, 'since=2026-13-01T00:00:00Z']) {
      const reply = (await app.get(`${url}?${query}`, WITH_KEY)).body;
      expect([query, reply]).toMatchObject([query, { status: 400, code: 'invalid_request' }]);
    }
    expect(app.runtime.calls.logs).toBe(0);
  });

  test('is 404 for an engine that does not exist or has just stopped', async () => {
    const { app, id, url } = await start();
    await using _ = app;
    expect((await app.get('/engines/unknown/logs', WITH_KEY)).body).toMatchObject({
      status: 404,
      code: 'engine_not_found',
    });
    expect(app.runtime.calls.logs).toBe(0);
    app.runtime.stopSilently(id);
    expect((await app.get(url, WITH_KEY)).statusCode).toBe(404);
  });

  test.each(['runtime_unavailable', 'logs_unavailable'] as const)(
    'is 503 if the logs cannot be read: %s',
    async (code) => {
      const { app, url } = await start();
      await using _ = app;
      app.runtime.fail('logs', new RoundhouseError(code, 'no'));
      for (const query of ['', '?follow=true'])
        expect((await app.get(url + query, WITH_KEY)).body).toMatchObject({ status: 503, code });
    },
  );

  test('is 503 at its deadline if nothing is received', async () => {
    const { app, url } = await start();
    await using _ = app;
    let given: AbortSignal | undefined;
    app.runtime.readLog = (_id, { signal }) => {
      given = signal;
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    };
    const reply = app.get(url, WITH_KEY);
    await waitUntil('the log is read', () => given, DEADLINE_MS);
    await app.clock.advanceAsync(10_000);
    expect((await reply).body).toMatchObject({ status: 503, code: 'logs_unavailable' });
    expect(given?.aborted).toBe(true);
  });

  test('destroys the connection if the rest cannot be read, so that a part is not taken for the whole', async () => {
    const { app, url } = await start();
    await using _ = app;
    app.runtime.readLog = () =>
      (async function* () {
        yield Buffer.from('half\n');
        throw new Error('gone');
      })();
    const base = app.url;
    for (const query of ['', '?follow=true']) {
      const client = new LogClient(base + url + query);
      await client.until('it is broken', ({ outcome }) => outcome === 'broken');
    }
  });
});

describe('a client that follows', () => {
  test('receives each line as it is written, and the end when the engine ends', async () => {
    const { app, url } = await start();
    await using _ = app;
    const lines: ((line: string | null) => void)[] = [];
    app.runtime.readLog = () =>
      (async function* () {
        for (;;) {
          const line = await new Promise<string | null>((resolve) => lines.push(resolve));
          if (line === null) return;
          yield Buffer.from(line);
        }
      })();
    const client = new LogClient(`${app.url}${url}?follow=true`);
    await client.until('the head, before any line', ({ status }) => status === 200);
    expect(client.headers).toMatchObject({ 'x-accel-buffering': 'no', 'transfer-encoding': 'chunked' });
    for (const line of ['one\n', 'two\n']) {
      lines.at(-1)!(line);
      await client.until(line, ({ text }) => text.endsWith(line));
    }
    // There is no deadline while nothing is written.
    await app.clock.advanceAsync(3_600_000);
    expect(client.outcome).toBe('open');
    lines.at(-1)!(null);
    await client.until('the end', ({ outcome }) => outcome === 'ended');
    expect(client.text).toBe('one\ntwo\n');
  });

  test('that disconnects ends the reading at the runtime', async () => {
    const { app, url } = await start();
    await using _ = app;
    let given: AbortSignal | undefined;
    app.runtime.readLog = (_id, options) => {
      given = options.signal;
      return endless(options, 'a\n');
    };
    const client = new LogClient(`${app.url}${url}?follow=true`);
    await client.until('a line', ({ text }) => text !== '');
    client.request.destroy();
    await waitUntil('the reading ends', () => given?.aborted, DEADLINE_MS);
  });

  test('receives the end when the service stops, even while another does not read', async () => {
    const { app, url } = await start();
    app.runtime.readLog = (_id, options) => endless(options, 'x'.repeat(10_000_000));
    const base = app.url;
    const stalled = new LogClient(`${base}${url}?follow=true`, { reads: false });
    await stalled.until('its head', ({ status }) => status === 200);
    app.runtime.readLog = (_id, options) => endless(options, 'a\n');
    const client = new LogClient(`${base}${url}?follow=true`);
    await client.until('a line', ({ text }) => text === 'a\n');
    await app[Symbol.asyncDispose]();
    await client.until('the end', ({ outcome }) => outcome === 'ended');
    stalled.request.destroy();
  });

  test('that does not read pauses the runtime, and is disconnected at last', async () => {
    const { app, url } = await start();
    await using _ = app;
    let produced = 0;
    let given: AbortSignal | undefined;
    app.runtime.readLog = (_id, { signal }) => {
      given = signal;
      return (async function* () {
        for (; !signal.aborted; produced += 1) yield PIECE;
      })();
    };
    const client = new LogClient(`${app.url}${url}?follow=true`, { reads: false });
    await client.until('its head', ({ status }) => status === 200);
    const cutOff = async () => {
      await app.clock.advanceAsync(30_000);
      return given?.aborted;
    };
    await waitUntil('it is cut off', cutOff, DEADLINE_MS);
    // What fits into the buffers of the sockets. Without backpressure there would be no limit.
    expect(produced * PIECE.length).toBeLessThan(64 * 1024 * 1024);
    client.request.destroy();
  });

  test('counts towards a limit, and makes room when it disconnects', async () => {
    const { app, url } = await start();
    await using _ = app;
    app.runtime.readLog = (_id, options) => endless(options, 'a\n');
    const base = app.url;
    const clients = Array.from({ length: MAX_READERS }, () => new LogClient(`${base}${url}?follow=true`));
    for (const client of clients) await client.until('a line', ({ text }) => text !== '');
    for (const query of ['', '?follow=true'])
      expect((await app.get(url + query, WITH_KEY)).body).toMatchObject({
        status: 503,
        code: 'too_many_clients',
      });
    clients[0]?.request.destroy();
    app.runtime.readLog = () => chunks('b\n');
    await waitUntil('there is room', async () => (await app.get(url, WITH_KEY)).text === 'b\n', DEADLINE_MS);
  });
});
