import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { HealthMonitor } from '../../../src/service/engines/health.ts';
import { settle } from '../../support/fake-clock.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { type EmulatedEngine, startEmulatedEngine } from '../../support/service/emulated-engine.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createRegistry } from './fixtures.ts';

// Starts real processes, which are slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const INTERVAL_MS = 20_000;
const STARTUP_MS = 25_000;
const DEADLINE_MS = 3000;

/** A monitor of one engine at a port, with a function that waits for its checks. */
async function watchEngine(hostHttp: number) {
  const fixture = createRegistry();
  const { registry, runtime, clock } = fixture;
  const monitor = new HealthMonitor({
    registry,
    clock,
    intervalS: INTERVAL_MS / 1000,
    failureThreshold: 3,
    startupTimeoutS: STARTUP_MS / 1000,
  });
  const { id } = runtime.startSilently({ ports: { hostHttp, containerHttp: 1, containerHttps: 2 } });
  registry.start();
  await settle();
  fixture.takeEvents();
  const updates = vi.spyOn(registry, 'update');
  monitor.watch(id);
  /** Advances the clock to the next check and waits for its result. */
  const nextCheck = async (afterMs: number) => {
    const count = updates.mock.calls.length;
    clock.advance(afterMs);
    await waitUntil('the next check', () => updates.mock.calls.length > count, 5000);
    expect(updates.mock.calls).toHaveLength(count + 1);
    return registry.get(id)!;
  };
  return { ...fixture, monitor, id, nextCheck, updates };
}

async function startEngine(): Promise<{ port: number; engine: EmulatedEngine }> {
  const engine = await startEmulatedEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return { port: engine.port, engine };
}

async function serve(respond: RequestListener): Promise<number> {
  const server = await startStubServer(respond);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.port;
}

describe('an engine that responds', () => {
  test('is healthy after one check, with its identity', async () => {
    const { port } = await startEngine();
    const { nextCheck, takeEvents } = await watchEngine(port);
    expect(await nextCheck(0)).toMatchObject({
      health: 'healthy',
      identity: { platform: 'linux', version: '3.1.70-emulated' },
    });
    await nextCheck(INTERVAL_MS);
    expect(takeEvents()).toEqual(['engine_changed']);
  });

  test('that is killed becomes unhealthy at the third failed check, not before', async () => {
    const { port, engine } = await startEngine();
    const { nextCheck, takeEvents } = await watchEngine(port);
    await nextCheck(0);
    takeEvents();
    await engine[Symbol.asyncDispose]();
    expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
    expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
    expect((await nextCheck(INTERVAL_MS)).health).toBe('unhealthy');
    expect(takeEvents()).toEqual(['engine_changed']);
  });

  test('that hangs fails each check at the timeout, and is healthy again when it responds', async () => {
    const { port, engine } = await startEngine();
    const { nextCheck, clock, updates } = await watchEngine(port);
    await nextCheck(0);
    engine.kill('SIGSTOP');
    for (let check = 1; check <= 3; check += 1) {
      clock.advance(INTERVAL_MS);
      expect(updates).toHaveBeenCalledTimes(check);
      await nextCheck(DEADLINE_MS);
    }
    expect(updates.mock.lastCall![1].health).toBe('unhealthy');
    engine.kill('SIGCONT');
    expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
  });

  test('that is suspected is checked at once, and every second until it is unhealthy', async () => {
    const { port, engine } = await startEngine();
    const { nextCheck, clock, id, monitor, registry } = await watchEngine(port);
    await nextCheck(0);
    engine.kill('SIGSTOP');
    for (let check = 1; check <= 3; check += 1) {
      if (check > 1) clock.advance(1000);
      monitor.suspect(id);
      await nextCheck(DEADLINE_MS);
    }
    expect(registry.get(id)?.health).toBe('unhealthy');
    engine.kill('SIGCONT');
    expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
  });

  test('in between resets the count of failures', async () => {
    let fails = false;
    const port = await serve((request, response) => {
      const result = request.url!.includes('get_version')
        ? { platform: 'linux', version: '3.2' }
        : { playlist_loaded: true };
      response.statusCode = fails ? 500 : 200;
      response.end(JSON.stringify({ result }));
    });
    const { nextCheck } = await watchEngine(port);
    await nextCheck(0);
    for (const failing of [true, true, false, true, true]) {
      fails = failing;
      expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
    }
    fails = true;
    expect((await nextCheck(INTERVAL_MS)).health).toBe('unhealthy');
  });
});

describe('an engine that responds with unexpected content', () => {
  const GOOD_VERSION = JSON.stringify({ result: { platform: 'linux', version: '3.1' } });
  test.each([
    ['no JSON', 'hello', GOOD_VERSION],
    ['no result', '{"error":"no"}', GOOD_VERSION],
    ['null', '{"result":null}', GOOD_VERSION],
    ['a result that is not an object', '{"result":true}', GOOD_VERSION],
    ['a JSON null', 'null', GOOD_VERSION],
    ['nothing', '', GOOD_VERSION],
    ['a response that is too large', `{"result":{"x":"${'x'.repeat(70_000)}"}}`, GOOD_VERSION],
    ['no version', '{"result":{}}', '{"result":{"platform":"linux"}}'],
    ['a version that is not a string', '{"result":{}}', '{"result":{"platform":"linux","version":3}}'],
  ])('%s: it does not count as healthy', async (_, status, version) => {
    const port = await serve((request, response) =>
      response.end(request.url!.includes('get_version') ? version : status),
    );
    const { nextCheck } = await watchEngine(port);
    expect(await nextCheck(0)).toMatchObject({ health: 'unknown', identity: null });
  });

  test('a status code other than 200: neither', async () => {
    const port = await serve((_, response) =>
      response.writeHead(503).end('{"result":{"platform":"linux","version":"3"}}'),
    );
    const { nextCheck } = await watchEngine(port);
    expect((await nextCheck(0)).health).toBe('unknown');
  });

  test('a response that never ends: neither, at the timeout', async () => {
    const port = await serve((_, response) => response.write('{"result":'));
    const { nextCheck } = await watchEngine(port);
    expect((await nextCheck(DEADLINE_MS)).health).toBe('unknown');
  });
});

describe('a starting engine', () => {
  test('is checked every second, and not unhealthy before its start-up time is over', async () => {
    const { first: port } = await freePortRange();
    const { nextCheck } = await watchEngine(port);
    expect((await nextCheck(0)).health).toBe('unknown');
    for (let second = 1; second < 25; second += 1) expect((await nextCheck(1000)).health).toBe('unknown');
    expect((await nextCheck(1000)).health).toBe('unhealthy');
  });

  test('is healthy at its first response', async () => {
    const { first: port } = await freePortRange();
    const { nextCheck } = await watchEngine(port);
    await nextCheck(0);
    const server = createServer((_, response) => {
      response.end('{"result":{"platform":"linux","version":"3.1"}}');
    }).listen(port, '127.0.0.1');
    onTestFinished(() => server.close().closeAllConnections());
    await once(server, 'listening');
    expect((await nextCheck(1000)).health).toBe('healthy');
  });
});

describe('watching', () => {
  test('ends when the engine has stopped, also during a check', async () => {
    const { port } = await startEngine();
    const { monitor, id, clock, registry, runtime, updates } = await watchEngine(port);
    clock.advance(0);
    monitor.unwatch(id);
    runtime.stop(id);
    await waitUntil('the end of the check', () => clock.pending === 1, 5000);
    registry.stop();
    expect(clock.pending).toBe(0);
    expect(updates).not.toHaveBeenCalled();
  });

  test('again during a check does not check twice', async () => {
    const { port } = await startEngine();
    const { monitor, id, clock, nextCheck, updates } = await watchEngine(port);
    clock.advance(0);
    monitor.watch(id);
    await nextCheck(0);
    await nextCheck(INTERVAL_MS);
    // One timer for the next check and one for the next reconciliation of the registry; no deadline is left.
    await waitUntil('the end of the first check', () => clock.pending === 2, 5000);
    expect(updates).toHaveBeenCalledTimes(2);
  });

  test('ends with stop()', async () => {
    const { port } = await startEngine();
    const { monitor, clock, nextCheck, registry } = await watchEngine(port);
    await nextCheck(0);
    monitor.stop();
    registry.stop();
    expect(clock.pending).toBe(0);
  });
});
