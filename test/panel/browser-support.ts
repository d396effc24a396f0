import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { WatchedPage } from '../support/browser/chromium.ts';
import type { TestApp } from '../support/service/app.ts';
import { openSession } from '../support/service/emulated-engine.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What a busy machine may take for a page, an engine or a poll. */
export const PATIENCE_MS = 20_000;

/** A small fleet: figures are sampled, health is known soon. */
export const FLEET = {
  MIN_REPLICAS: '2',
  MAX_REPLICAS: '6',
  HEALTH_CHECK_INTERVAL_S: '1',
  HISTORY_SAMPLE_INTERVAL_S: '1',
};

export interface WireEngine {
  container_id: string;
  container_name: string;
  host: string;
  port: number;
  health_status: string;
}

export async function healthyEngines(app: TestApp, count: number): Promise<WireEngine[]> {
  const ask = async () => {
    const engines = (await app.get('/engines')).body as WireEngine[];
    const healthy = engines.filter(({ health_status }) => health_status === 'healthy');
    return healthy.length === count && healthy;
  };
  return await waitUntil(`${count} healthy engines`, ask, PATIENCE_MS);
}

/** Opens a session at an engine and reports it, as a stream proxy does. */
export async function play(app: TestApp, engine: WireEngine, key: string): Promise<void> {
  const session = await openSession(engine.host, engine.port, key);
  const { statusCode } = await app.post('/events/stream_started', {
    container_id: engine.container_id,
    engine: { host: engine.host, port: engine.port },
    stream: { key_type: 'infohash', key },
    session: {
      playback_session_id: session.playback_session_id,
      stat_url: session.stat_url,
      command_url: session.command_url,
      is_live: 1,
    },
  });
  expect(statusCode).toBe(200);
}

/** How often the panel polls, as chosen before it is opened. */
export async function pollEvery(page: Page, seconds: number): Promise<void> {
  await page.getByLabel('Poll every').selectOption(String(seconds));
}

/** Gives the key to whatever asks for it. */
export async function giveKey(page: Page, key: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'The key, please' });
  await dialog.getByLabel('API key').fill(key);
  await dialog.getByRole('button', { name: 'Go on' }).click();
}

/** As when the tab goes behind another one, which a browser without a screen never does by itself. */
export async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    hidden ? 'hidden' : 'visible',
  );
}

export function expectNoMisdeeds({ errors, strangers }: WatchedPage): void {
  expect({ errors, strangers }).toEqual({ errors: [], strangers: [] });
}
