import { expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startFakeApp, untilHeld, untilMisses } from '../../support/service/app.ts';

const REQUESTS = 500;

async function startSlow() {
  const app = await startFakeApp();
  app.runtime.start();
  await settle();
  app.runtime.hold('sample');
  return app;
}

function readAll(app: { get(url: string): Promise<{ statusCode: number; text: string }> }) {
  return Promise.all(Array.from({ length: REQUESTS }, () => app.get('/engines/stats/total')));
}

test('500 concurrent requests read a slow runtime once, and all get its answer', async () => {
  await using app = await startSlow();
  const { runtime } = app;
  const replies = readAll(app);
  await untilMisses(app, REQUESTS);
  runtime.release('sample');
  const bodies = new Set((await replies).map(({ statusCode, text }) => `${statusCode} ${text}`));
  expect([...bodies]).toEqual([expect.stringMatching(/^200 .*"container_count":1/)]);
  expect(runtime.calls.sample).toBe(1);
  expect((await app.get('/cache/stats')).body).toMatchObject({
    loads: 1,
    misses: REQUESTS,
    collapsed: REQUESTS - 1,
    hits: 0,
  });
});

test('an error is shared too, and is not cached', async () => {
  await using app = await startSlow();
  const { runtime } = app;
  runtime.fail('sample');
  const replies = readAll(app);
  await untilMisses(app, REQUESTS);
  runtime.release('sample');
  expect(new Set((await replies).map(({ statusCode }) => statusCode))).toEqual(new Set([503]));
  expect(runtime.calls.sample).toBe(1);
  runtime.recover('sample');
  expect((await app.get('/engines/stats/total')).statusCode).toBe(200);
});

test('500 concurrent requests for an expired answer read the runtime once', async () => {
  await using app = await startSlow();
  const { runtime, clock } = app;
  runtime.release('sample');
  await app.get('/engines/stats/total');
  clock.stall(60_000);
  runtime.hold('sample');
  const replies = readAll(app);
  await untilMisses(app, REQUESTS + 1);
  expect(runtime.calls.sample).toBe(2);
  runtime.release('sample');
  expect((await replies).every(({ statusCode }) => statusCode === 200)).toBe(true);
});

test('a runtime that hangs delays no request beyond the deadline of a load', async () => {
  await using app = await startSlow();
  const { clock } = app;
  const reply = app.get('/engines/stats/total');
  await untilHeld(app, 'sample');
  await clock.advanceAsync(10_000);
  expect(await reply).toMatchObject({ statusCode: 503 });
  expect((await reply).body).toMatchObject({ code: 'timeout' });
});
