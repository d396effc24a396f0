import type { Registry } from '@prometheus-io/client';
import type { BrowserFigures } from '../browser/browser-apps.ts';
import { counter, gauge, gaugeBy, type Refresh } from './instruments.ts';

export type { BrowserFigures } from '../browser/browser-apps.ts';

/**
 * Declares `roundhouse_browser_*`. Counters of an app end when it is uninstalled, so sums over apps can decrease: they
 * are gauges.
 */
export function browserMetrics(registry: Registry, read: () => BrowserFigures): Refresh {
  const setApps = gauge(registry, 'roundhouse_browser_apps', 'Installed browser apps.');
  const setSessions = gaugeBy<keyof BrowserFigures['sessions']>(
    registry,
    'roundhouse_browser_sessions',
    'Listed sessions of browser apps by status.',
    'status',
  );
  const setWaiting = gauge(
    registry,
    'roundhouse_browser_starts_waiting',
    'Starts of browser apps that wait for the end of another session.',
  );
  const setBrowsers = gauge(registry, 'roundhouse_browser_processes', 'Running Chromium browsers.');
  const setRequests = gaugeBy<'hit' | 'miss' | 'bypass'>(
    registry,
    'roundhouse_browser_cache_requests',
    'Requests of installed browser apps since the start, by result.',
    'result',
  );
  const setBytes = gaugeBy<'to_browser' | 'from_upstream' | 'saved'>(
    registry,
    'roundhouse_browser_cache_transfer_bytes',
    'Bytes of bodies of installed browser apps since the start.',
    'direction',
  );
  const setStoreBytes = gauge(
    registry,
    'roundhouse_browser_cache_store_bytes',
    'Size of the store of all browser apps.',
  );
  const setErrors = counter(
    registry,
    'roundhouse_browser_cache_store_errors_total',
    'Failed operations of the store of browser apps.',
  );
  return () => {
    const { apps, sessions, waiting, browsers, cache, storeErrors, storeBytes } = read();
    setApps(apps);
    setSessions(sessions);
    setWaiting(waiting);
    setBrowsers(browsers);
    setRequests({ hit: cache.hits, miss: cache.misses, bypass: cache.bypasses });
    setBytes({
      to_browser: cache.bytesToBrowser,
      from_upstream: cache.bytesFromUpstream,
      saved: cache.bytesSaved,
    });
    setStoreBytes(storeBytes);
    setErrors(storeErrors);
  };
}
