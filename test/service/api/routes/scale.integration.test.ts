import { describe, expect, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';

async function scale(app: TestApp, demand: number | string) {
  const reply = await app.post(`/scale/${demand}`);
  assertDocumented('POST', '/scale/{demand}', reply);
  await settle();
  return reply.body;
}

describe('POST /scale', () => {
  const LIMITS = { MIN_REPLICAS: '1', MAX_REPLICAS: '3' };

  test('sets the number of engines within the limits, and returns it', async () => {
    await using app = await startFakeApp({ settings: LIMITS });
    for (const [demand, number] of [
      [2, 2],
      [2, 2],
      [999_999_999, 3],
      [3, 3],
      [0, 1],
      [-5, 1],
    ] as const) {
      expect([demand, await scale(app, demand)]).toEqual([demand, { scaled_to: number }]);
      expect([demand, app.runtime.engines.size]).toEqual([demand, number]);
    }
  });

  test('does not remove engines with streams', async () => {
    await using app = await startFakeApp({ settings: LIMITS });
    await scale(app, 2);
    for (const id of app.runtime.engines.keys()) {
      await app.post('/events/stream_started', {
        container_id: id,
        engine: { host: 'x', port: 1 },
        stream: { key_type: 'url', key: id },
        session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 0 },
      });
    }
    expect(await scale(app, 1)).toEqual({ scaled_to: 1 });
    expect(app.runtime.engines.size).toBe(2);
  });

  test.each(['x', '1.5', '1e3', '0x2', '+1', '%20', '1234567890', '--1'])('refuses %s', async (demand) => {
    await using app = await startFakeApp({ settings: LIMITS });
    const before = app.runtime.engines.size;
    expect((await scale(app, demand)).code).toBe('invalid_request');
    expect(app.runtime.engines.size).toBe(before);
  });
});
