import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startApp, startFakeApp, type TestApp, untilHeld } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Real processes, which a busy machine makes slow.
vi.setConfig({ testTimeout: 30_000 });

/** What a panel reads; all of it depends on which engines run. */
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

describe('the very next read is right', () => {
  test('after an engine was provisioned and after it was deleted', async () => {
    await using app = await startFakeApp();
    expect(await readAll(app)).toEqual(everywhere(0));
    const { container_id } = (await app.post('/provision/acestream')).body;
    expect(await readAll(app)).toEqual(everywhere(1));
    expect((await app.get(`/engines/${container_id}/stats`)).statusCode).toBe(200);
    await app.delete(`/engines/${container_id}`);
    expect(await readAll(app)).toEqual(everywhere(0));
    expect((await app.get(`/engines/${container_id}/stats`)).statusCode).toBe(404);
  });

  test('after an engine started or stopped outside', async () => {
    await using app = await startFakeApp();
    expect(await readAll(app)).toEqual(everywhere(0));
    const { id } = app.runtime.start();
    await settle();
    expect(await readAll(app)).toEqual(everywhere(1));
    app.runtime.stop(id);
    expect(await readAll(app)).toEqual(everywhere(0));
  });

  test('after a stream started and after it ended', async () => {
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

  test('after the breaker opened', async () => {
    await using app = await startFakeApp({ settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' } });
    const read = async () => (await app.get('/orchestrator/status')).body.provisioning;
    expect(await read()).toMatchObject({ circuit_breaker_state: 'closed', can_provision: true });
    app.runtime.fail('create', new Error('broken'));
    await app.post('/provision/acestream');
    expect(await read()).toMatchObject({ circuit_breaker_state: 'open', can_provision: false });
  });

  test('after the runtime went away and after it came back', async () => {
    await using app = await startFakeApp({ settings: { CACHE_STALE_IF_ERROR_S: '0' } });
    expect((await app.get('/engines')).statusCode).toBe(200);
    app.runtime.disconnect();
    expect((await app.get('/engines')).statusCode).toBe(503);
    app.runtime.startUnnoticed();
    app.runtime.connect();
    await settle();
    expect(await readAll(app)).toEqual(everywhere(1));
  });
});

describe('a load begun before an invalidation', () => {
  test('answers those who waited for it, and nobody who comes later', async () => {
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

  test('is not kept, even where nobody came in between', async () => {
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

  test('in the background is not kept either', async () => {
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

test('an engine that is killed outside is gone from every answer long before the next comparison', async () => {
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
