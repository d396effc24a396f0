import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startApp, startFakeApp, type TestApp, untilHeld } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Starts processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

/** Reads four answers, each of which counts the engines. */
async function readAll(app: TestApp) {
  const [engines, all, total, status] = await Promise.all(
    ['/engines', '/engines/stats/all', '/engines/stats/total', '/orchestrator/status'].map(
      async (path) => (await app.get(path)).body,
    ),
  );
  return {
    listed: engines.length,
    measured: Object.keys(all).length,
    summed: total.container_count,
    counted: status.engines.total,
  };
}

function everywhere(count: number) {
  return { listed: count, measured: count, summed: count, counted: count };
}

describe('the next read is up to date', () => {
  test('after an engine is provisioned, and after it is deleted', async () => {
    await using app = await startFakeApp();
    expect(await readAll(app)).toEqual(everywhere(0));
    const { container_id } = (await app.post('/provision/acestream')).body;
    expect(await readAll(app)).toEqual(everywhere(1));
    expect((await app.get(`/engines/${container_id}/stats`)).statusCode).toBe(200);
    await app.delete(`/engines/${container_id}`);
    expect(await readAll(app)).toEqual(everywhere(0));
    expect((await app.get(`/engines/${container_id}/stats`)).statusCode).toBe(404);
  });

  test('after an engine is started or stopped by another program', async () => {
    await using app = await startFakeApp();
    expect(await readAll(app)).toEqual(everywhere(0));
    const { id } = app.runtime.start();
    await settle();
    expect(await readAll(app)).toEqual(everywhere(1));
    app.runtime.stop(id);
    expect(await readAll(app)).toEqual(everywhere(0));
  });

  test('after a stream starts, and after it ends', async () => {
    await using app = await startFakeApp();
    const engine = app.runtime.start();
    await settle();
    const read = async () => {
      const [listed] = (await app.get('/engines')).body;
      const { streams, capacity } = (await app.get('/orchestrator/status')).body;
      return { ids: listed.streams, active: streams.active, used: capacity.used };
    };
    expect(await read()).toEqual({ ids: [], active: 0, used: 0 });
    await app.post('/events/stream_started', {
      container_id: engine.id,
      engine: { host: 'x', port: 1 },
      stream: { key_type: 'url', key: 'k' },
      session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 0 },
    });
    expect(await read()).toEqual({ ids: ['k|s'], active: 1, used: 1 });
    await app.post('/events/stream_ended', { stream_id: 'k|s' });
    expect(await read()).toEqual({ ids: [], active: 0, used: 0 });
  });

  test('after the circuit breaker opens', async () => {
    await using app = await startFakeApp({ settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' } });
    const read = async () => (await app.get('/orchestrator/status')).body.provisioning;
    expect(await read()).toMatchObject({ circuit_breaker_state: 'closed', can_provision: true });
    app.runtime.fail('create', new Error('broken'));
    await app.post('/provision/acestream');
    expect(await read()).toMatchObject({ circuit_breaker_state: 'open', can_provision: false });
  });

  test('after the runtime disconnects, and after it reconnects', async () => {
    await using app = await startFakeApp({ settings: { CACHE_STALE_IF_ERROR_S: '0' } });
    expect((await app.get('/engines')).statusCode).toBe(200);
    app.runtime.disconnect();
    expect((await app.get('/engines')).statusCode).toBe(503);
    app.runtime.startSilently();
    app.runtime.connect();
    await settle();
    expect(await readAll(app)).toEqual(everywhere(1));
  });
});

describe('a load that started before an invalidation', () => {
  test('answers the requests that waited for it, and no later ones', async () => {
    await using app = await startFakeApp();
    const { runtime } = app;
    const [first] = [runtime.start(), runtime.start()];
    await settle();
    runtime.hold('sample');
    const early = app.get('/engines/stats/total');
    await untilHeld(app, 'sample');
    runtime.stop(first!.id);
    const late = app.get('/engines/stats/total');
    await untilHeld(app, 'sample', 2);
    runtime.release('sample');
    expect((await early).body.container_count).toBe(2);
    expect((await late).body.container_count).toBe(1);
    const after = await app.get('/engines/stats/total');
    expect(after.headers['cache-status']).toContain('hit');
    expect(after.body.container_count).toBe(1);
  });

  test('is not stored, even without a request in between', async () => {
    await using app = await startFakeApp();
    const { runtime } = app;
    const engine = runtime.start();
    await settle();
    runtime.hold('sample');
    const early = app.get('/engines/stats/all');
    await untilHeld(app, 'sample');
    runtime.stop(engine.id);
    runtime.release('sample');
    await early;
    const after = await app.get('/engines/stats/all');
    expect(after.headers['cache-status']).toContain('fwd=miss');
    expect(after.body).toEqual({});
  });

  test('in the background is not stored either', async () => {
    await using app = await startFakeApp();
    const { runtime, clock } = app;
    const engine = runtime.start();
    await settle();
    await app.get('/engines/stats/all');
    runtime.hold('sample');
    await clock.advanceAsync(3000);
    expect(runtime.waiting('sample')).toBe(1);
    runtime.stop(engine.id);
    runtime.release('sample');
    await settle();
    expect((await app.get('/engines/stats/all')).body).toEqual({});
  });
});

test('an engine that another program kills disappears from every answer before the next resync', async () => {
  await using app = await startApp();
  const { container_id } = (await app.post('/provision/acestream')).body;
  expect(await readAll(app)).toEqual(everywhere(1));
  const folder = join(app.config.dataDir, 'process-engines');
  const [record] = await readdir(folder);
  const { engine } = JSON.parse(await readFile(join(folder, record!), 'utf8'));
  process.kill(engine.pid, 'SIGKILL');
  await waitUntil(
    'the end of the engine in the status',
    async () => (await app.get('/orchestrator/status')).body.engines.total === 0,
    2000,
  );
  expect(await readAll(app)).toEqual(everywhere(0));
  expect((await app.get(`/engines/${container_id}`)).statusCode).toBe(404);
});
