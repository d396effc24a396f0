import { expect } from 'vitest';
import type { Engine } from '../../src/panel/lib/wire.ts';
import type { TestApp } from '../support/service/app.ts';
import { openSession } from '../support/service/emulated-engine.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Long enough for a page, an engine start or a poll on a busy machine. */
export const TIMEOUT_MS = 20_000;

/** Settings of a service with two engines, sampled and checked every second. */
export const FLEET_SETTINGS = {
  MIN_REPLICAS: '2',
  MAX_REPLICAS: '6',
  HEALTH_CHECK_INTERVAL_S: '1',
  HISTORY_SAMPLE_INTERVAL_S: '1',
};

/** Waits until exactly `count` engines are healthy, and returns them. */
export async function healthyEngines(app: TestApp, count: number): Promise<Engine[]> {
  const read = async () => {
    const engines = (await app.get('/engines')).body as Engine[];
    const healthy = engines.filter(({ health_status }) => health_status === 'healthy');
    return healthy.length === count && healthy;
  };
  return await waitUntil(`${count} healthy engines`, read, TIMEOUT_MS);
}

/** Opens a session on an engine and reports it, as a stream proxy does. */
export async function startStream(app: TestApp, engine: Engine, infohash: string): Promise<void> {
  const session = await openSession(engine.host, engine.port, infohash);
  const { status } = await app.post('/events/stream_started', {
    container_id: engine.container_id,
    engine: { host: engine.host, port: engine.port },
    stream: { key_type: 'infohash', key: infohash },
    session: {
      playback_session_id: session.playback_session_id,
      stat_url: session.stat_url,
      command_url: session.command_url,
      is_live: 1,
    },
  });
  expect(status).toBe(200);
}
