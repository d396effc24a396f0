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

// Real processes, which a busy machine makes slow.
vi.setConfig({ testTimeout: 30_000 });

const INTERVAL_MS = 20_000;
const STARTUP_MS = 25_000;
const DEADLINE_MS = 3000;

/** A monitor over one engine at a port, and a way to wait for its checks. */
async function watchEngine(hostHttp: number) {
  const room = createRegistry();
  const { registry, runtime, clock } = room;
  const monitor = new HealthMonitor({
    registry,
    clock,
    intervalS: INTERVAL_MS / 1000,
    failureThreshold: 3,
    startupTimeoutS: STARTUP_MS / 1000,
  });
  const { id } = runtime.startUnnoticed({ ports: { hostHttp, containerHttp: 1, containerHttps: 2 } });
  registry.start();
  await settle();
  room.takeEvents();
  const notes = vi.spyOn(registry, 'update');
  monitor.follow(id);
  /** Moves time to the next check and waits until it has been noted. */
  const nextCheck = async (afterMs: number) => {
    const noted = notes.mock.calls.length;
    clock.advance(afterMs);
    await waitUntil('the next check', () => notes.mock.calls.length > noted, 5000);
    expect(notes.mock.calls).toHaveLength(noted + 1);
    return registry.get(id)!;
  };
  return { ...room, monitor, id, nextCheck, notes };
}

async function startEngine(): Promise<{ port: number; engine: EmulatedEngine }> {
  const engine = await startEmulatedEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return { port: engine.port, engine };
}

async function serve(answer: RequestListener): Promise<number> {
  const server = await startStubServer(answer);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.port;
}

describe('an engine that answers', () => {
  test('is healthy after one check, with what it says of itself', async () => {
    const { port } = await startEngine();
    const { nextCheck, takeEvents } = await watchEngine(port);
    expect(await nextCheck(0)).toMatchObject({
      health: 'healthy',
      identity: { platform: 'linux', version: '3.1.70-emulated' },
    });
    await nextCheck(INTERVAL_MS);
    expect(takeEvents()).toEqual(['engine_changed']);
  });

  test('that is killed becomes unhealthy with the third failed check, not before', async () => {
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

  test('that hangs fails each check at its deadline, and is healthy again when it answers', async () => {
    const { port, engine } = await startEngine();
    const { nextCheck, clock, notes } = await watchEngine(port);
    await nextCheck(0);
    engine.kill('SIGSTOP');
    for (let check = 1; check <= 3; check += 1) {
      clock.advance(INTERVAL_MS);
      expect(notes).toHaveBeenCalledTimes(check);
      await nextCheck(DEADLINE_MS);
    }
    expect(notes.mock.lastCall![1].health).toBe('unhealthy');
    engine.kill('SIGCONT');
    expect((await nextCheck(INTERVAL_MS)).health).toBe('healthy');
  });

  test('in between begins the count of failures anew', async () => {
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

describe('an engine that answers rubbish', () => {
  const GOOD_VERSION = JSON.stringify({ result: { platform: 'linux', version: '3.1' } });
  test.each([
    ['no JSON', 'hello', GOOD_VERSION],
    ['no result', '{"error":"no"}', GOOD_VERSION],
    ['null', '{"result":null}', GOOD_VERSION],
    ['a result that is no object', '{"result":true}', GOOD_VERSION],
    ['a JSON null', 'null', GOOD_VERSION],
    ['nothing', '', GOOD_VERSION],
    ['more than it should', `{"result":{"x":"${'x'.repeat(70_000)}"}}`, GOOD_VERSION],
    ['no version', '{"result":{}}', '{"result":{"platform":"linux"}}'],
    ['a version that is no text', '{"result":{}}', '{"result":{"platform":"linux","version":3}}'],
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

  test('an answer that never ends: neither, at the deadline', async () => {
    const port = await serve((_, response) => response.write('{"result":'));
    const { nextCheck } = await watchEngine(port);
    expect((await nextCheck(DEADLINE_MS)).health).toBe('unknown');
  });
});

describe('an engine that starts', () => {
  test('is asked every second, and is not unhealthy before its start-up time is over', async () => {
    const { first: port } = await freePortRange();
    const { nextCheck } = await watchEngine(port);
    expect((await nextCheck(0)).health).toBe('unknown');
    for (let second = 1; second < 25; second += 1) expect((await nextCheck(1000)).health).toBe('unknown');
    expect((await nextCheck(1000)).health).toBe('unhealthy');
  });

  test('and answers at last is healthy at once', async () => {
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

describe('the watch', () => {
  test('ends when the engine has stopped, even in the middle of a check', async () => {
    const { port } = await startEngine();
    const { monitor, id, clock, registry, runtime, notes } = await watchEngine(port);
    clock.advance(0);
    monitor.forget(id);
    runtime.stop(id);
    await waitUntil('the end of the check', () => clock.pending === 1, 5000);
    registry.stop();
    expect(clock.pending).toBe(0);
    expect(notes).not.toHaveBeenCalled();
  });

  test('that is begun anew in the middle of a check goes on once, not twice', async () => {
    const { port } = await startEngine();
    const { monitor, id, clock, nextCheck, notes } = await watchEngine(port);
    clock.advance(0);
    monitor.follow(id);
    await nextCheck(0);
    await nextCheck(INTERVAL_MS);
    // One timer for the next check, one for the next comparison of the registry; no deadline is left behind.
    await waitUntil('the end of the first check', () => clock.pending === 2, 5000);
    expect(notes).toHaveBeenCalledTimes(2);
  });

  test('ends with stop', async () => {
    const { port } = await startEngine();
    const { monitor, clock, nextCheck, registry } = await watchEngine(port);
    await nextCheck(0);
    monitor.stop();
    registry.stop();
    expect(clock.pending).toBe(0);
  });
});
