import { expect, onTestFinished, test, vi } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { KEY, startApp, startFakeApp, type TestAppOptions } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { Acexy, RefusedError, type Wait } from './acexy.ts';
import { createClient, describeClient, expectAllGood, infohash } from './suite.ts';

vi.setConfig({ testTimeout: 30_000 });
const WAIT_MS = 5000;
const PLAYS = {
  response: { stat_url: 'http://127.0.0.1:1/ace/stat/x/y', command_url: 'http://127.0.0.1:1/ace/cmd/x/y' },
};
const PLAYS_AND_IS_HEALTHY = { ...PLAYS, result: { platform: 'linux', version: '3.1' } };

describeClient('the existing client, with engines as processes', async (settings) => {
  const app = await startApp({ settings });
  return { url: app.url, key: KEY, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
});

/** A service with engines in memory. Those of `startEngine` respond to HTTP. */
async function startFakeService(options: TestAppOptions = {}) {
  const app = await startFakeApp(options);
  onTestFinished(() => app[Symbol.asyncDispose]());
  const service = { url: app.url, key: KEY, [Symbol.asyncDispose]: async () => {} };
  const startEngine = async (reply: object = PLAYS_AND_IS_HEALTHY) => {
    const server = await startStubServer(JSON.stringify(reply));
    onTestFinished(() => server[Symbol.asyncDispose]());
    const ports = { hostHttp: server.port, containerHttp: 6878, containerHttps: 6879 };
    const { id } = app.runtime.start({ ports });
    await settle();
    app.clock.advance(0);
    await waitUntil('the health check', () => server.requests.length > 0, WAIT_MS);
    return id;
  };
  const healthOf = async (id: string) => (await app.get(`/engines/${id}`)).body.engine.health_status;
  return { app, service, startEngine, healthOf };
}

test('the client chooses the least recently used engine', async () => {
  const { service, startEngine, healthOf } = await startFakeService();
  const ids = [await startEngine(), await startEngine(), await startEngine()];
  for (const id of ids)
    await waitUntil('it is healthy', async () => (await healthOf(id)) === 'healthy', WAIT_MS);
  const chosen: string[] = [];
  for (let round = 1; round <= 6; round += 1) {
    const client = createClient(service);
    const play = await client.play(infohash(round));
    chosen.push(play.engine.containerId);
    const reported = client.calls.find(({ request }) => request === 'POST /events/stream_started');
    expect(reported?.status).toBe(200);
    await reportEnd(service.url, play.streamId);
    // Times have a resolution of one millisecond.
    await waitUntil('the time goes on', () => Date.now() > lastEnd, WAIT_MS);
  }
  expect(new Set(chosen.slice(0, 3))).toEqual(new Set(ids));
  expect(chosen.slice(3)).toEqual(chosen.slice(0, 3));
});

let lastEnd = 0;
/** Reports the end of a stream, without a call to its engine, which does not exist. */
async function reportEnd(url: string, streamId: string): Promise<void> {
  const reply = await fetch(`${url}/events/stream_ended`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ stream_id: streamId }),
  });
  expect(await reply.json()).toMatchObject({ updated: true });
  lastEnd = Date.now();
}

test('the client prefers healthy engines, and the engine with the fewest streams', async () => {
  const { service, startEngine, healthOf } = await startFakeService();
  const unhealthy = await startEngine(PLAYS);
  const healthy = [await startEngine(), await startEngine()];
  for (const id of healthy)
    await waitUntil('it is healthy', async () => (await healthOf(id)) === 'healthy', WAIT_MS);
  expect(await healthOf(unhealthy)).toBe('unknown');
  const chosen: string[] = [];
  for (let round = 1; round <= 5; round += 1) {
    const client = createClient(service, { streamsPerEngine: 2 });
    const { engine } = await client.play(infohash(round));
    chosen.push(engine.containerId);
    expectAllGood(client);
  }
  expect(new Set(chosen.slice(0, 2))).toEqual(new Set(healthy));
  expect(new Set(chosen.slice(2, 4))).toEqual(new Set(healthy));
  expect(chosen[4]).toBe(unhealthy);
});

/** A client of a service whose runtime fails, and the waits of that client. `during` runs in each wait. */
async function startRefused(during: (waits: number[], mend: () => void) => void) {
  const { app, service } = await startFakeService();
  app.runtime.fail('create', new RoundhouseError('provisioning_failed', 'The engine ended at once'));
  const waits: number[] = [];
  const wait: Wait = async (seconds, port) => {
    if (port !== undefined) return;
    waits.push(seconds);
    during(waits, () => app.runtime.recover('create'));
  };
  const client = new Acexy({ ...service, wait });
  await client.updateStatus();
  return { client, waits };
}

test('the client waits for half of the time, then for all of it, and gets an engine once provisioning works', async () => {
  const { client, waits } = await startRefused((so, mend) => {
    if (so.length === 2) mend();
  });
  expect(await client.choose()).toMatchObject({ host: 'localhost', containerId: expect.any(String) });
  expect(waits).toEqual([5, 10]);
});

test('the client makes three attempts, each refused as one that can be retried', async () => {
  const { client, waits } = await startRefused(() => {});
  const refused = await client.choose().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RefusedError);
  expect((refused as RefusedError).refusal).toMatchObject({
    code: 'provisioning_failed',
    recovery_eta_seconds: 10,
    should_wait: true,
  });
  expect(waits).toEqual([5, 10]);
  const attempts = client.calls.filter(({ request }) => request === 'POST /provision/acestream');
  expect(attempts).toMatchObject([{ status: 503 }, { status: 503 }, { status: 503 }]);
});

test('the client learns how long the circuit breaker stays open, and makes no further attempt', async () => {
  const { app, service } = await startFakeService({ settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' } });
  app.runtime.fail('create', new RoundhouseError('provisioning_failed', 'The engine ended at once'));
  const client = createClient(service);
  await client.updateStatus();
  await expect(client.choose()).rejects.toThrow('unexpected wait of 5 s');
  await client.updateStatus();
  const asked = app.runtime.calls.create;
  const refused = await client.choose().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RefusedError);
  expect((refused as RefusedError).refusal).toMatchObject({
    code: 'circuit_breaker',
    recovery_eta_seconds: 300,
    should_wait: true,
  });
  expect(app.runtime.calls.create).toBe(asked);
});
