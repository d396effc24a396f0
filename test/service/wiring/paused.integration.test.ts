import { expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startFakeApp } from '../../support/service/app.ts';

test('a paused engine is neither checked, replaced nor counted as free, and its stream goes on', async () => {
  await using app = await startFakeApp({
    settings: {
      MIN_FREE_REPLICAS: '1',
      HEALTH_CHECK_INTERVAL_S: '1',
      STARTUP_TIMEOUT_S: '5',
      ENGINE_GRACE_PERIOD_S: '1',
      COLLECT_INTERVAL_S: '3600',
    },
  });
  await settle();
  const [first] = app.runtime.engines.values();
  app.runtime.engines.get(first!.id)!.paused = true;
  app.runtime.emitStarted(first!.id);
  await settle();
  // One that is free is started beside it.
  await app.clock.advanceAsync(1000);
  expect(app.runtime.engines.size).toBe(2);
  await app.clock.advanceAsync(120_000);
  expect(app.runtime.engines.has(first!.id)).toBe(true);
  const { body } = await app.get(`/engines/${first!.id}`);
  expect(body.engine).toMatchObject({ paused: true, health_status: 'unknown', last_health_check: null });
});
