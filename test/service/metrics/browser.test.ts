import { expect, test } from 'vitest';
import type { AppFigures } from '../../../src/service/browser/figures.ts';
import { figure } from '../../support/http/exposition.ts';
import { ExposedMetrics } from './fixtures.ts';

const TRAFFIC = {
  hits: 3,
  misses: 2,
  bypasses: 1,
  bytesToBrowser: 30,
  bytesFromUpstream: 20,
  bytesSaved: 10,
};

function app(appId: string, change: Partial<AppFigures> = {}): AppFigures {
  return {
    ...{ workspace: 'w', appId, traffic: TRAFFIC, liveSessions: 1, usage: { entries: 4, bodyBytes: 400 } },
    starts: { cold: { count: 1, totalMs: 2500 }, warm: { count: 2, totalMs: 1000 } },
    ...change,
  };
}

test('each app and each session has its figures', async () => {
  using exposed = new ExposedMetrics();
  const session = { id: 's1', workspace: 'w', appId: 'a', traffic: TRAFFIC, memoryBytes: 1000 };
  exposed.browserFigures = {
    ...exposed.browserFigures,
    byApp: [app('a'), app('b', { usage: null })],
    bySession: [session, { ...session, id: 's2', memoryBytes: null }],
    bypasses: { method: 2 },
  };
  const families = await exposed.scrape();
  const of = (name: string, labels: object) =>
    figure(families, `roundhouse_browser_${name}`, { workspace: 'w', app: 'a', ...labels });
  expect(of('app_requests', { result: 'hit' })).toBe(3);
  expect(of('app_transfer_bytes', { direction: 'saved' })).toBe(10);
  expect([of('app_cache_entries', {}), of('app_cache_bytes', {})]).toEqual([4, 400]);
  expect([of('app_starts', { cache: 'warm' }), of('app_start_seconds', { cache: 'cold' })]).toEqual([2, 2.5]);
  expect(of('app_live_sessions', {})).toBe(1);
  expect(of('session_requests', { session: 's1', result: 'miss' })).toBe(2);
  expect(of('session_memory_bytes', { session: 's1' })).toBe(1000);
  expect(families.get('roundhouse_browser_session_memory_bytes')!.samples).toHaveLength(1);
  expect(families.get('roundhouse_browser_app_cache_entries')!.samples).toHaveLength(1);
  expect(figure(families, 'roundhouse_browser_cache_bypasses', { reason: 'method' })).toBe(2);
});

test('the series of apps and sessions end with them', async () => {
  using exposed = new ExposedMetrics();
  const initial = exposed.browserFigures;
  exposed.browserFigures = { ...initial, byApp: [app('a')] };
  expect((await exposed.scrape()).get('roundhouse_browser_app_starts')!.samples).toHaveLength(2);
  exposed.browserFigures = initial;
  expect((await exposed.scrape()).get('roundhouse_browser_app_starts')!.samples).toEqual([]);
});
