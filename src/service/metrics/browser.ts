import type { Registry } from '@prometheus-io/client';
import type { BrowserFigures } from '../browser/figures.ts';
import { appMetrics, appSessionMetrics, bytesOf, requestsOf } from './browser-apps.ts';
import { counter, gauge, gaugeBy, gaugeOf, type Refresh } from './instruments.ts';

export type { BrowserFigures } from '../browser/figures.ts';

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
  const setBypasses = gaugeOf(
    registry,
    'roundhouse_browser_cache_bypasses',
    'Requests of installed browser apps since the start that were passed on without a lookup, by reason.',
    ['reason'],
  );
  const setBytes = gaugeBy<'to_browser' | 'from_upstream' | 'saved'>(
    registry,
    'roundhouse_browser_cache_transfer_bytes',
    'Bytes of bodies of installed browser apps since the start.',
    'direction',
  );
  const setErrors = counter(
    registry,
    'roundhouse_browser_cache_store_errors_total',
    'Failed operations of the store of browser apps.',
  );
  const setEvictions = gauge(
    registry,
    'roundhouse_browser_cache_evictions',
    'Responses of installed browser apps that this process has removed to make room.',
  );
  const setOthers = gauge(
    registry,
    'roundhouse_browser_other_orchestrators',
    'Other orchestrators over the same Redis that share browser apps.',
  );
  const setSkipped = gauge(
    registry,
    'roundhouse_browser_shared_values_skipped',
    'Values of browser apps in Redis that have the wrong shape.',
  );
  const refreshes = [appMetrics(registry), appSessionMetrics(registry)];
  return () => {
    const figures = read();
    setApps(figures.apps);
    setSessions(figures.sessions);
    setWaiting(figures.waiting);
    setBrowsers(figures.browsers);
    setRequests(requestsOf(figures.cache));
    setBypasses(Object.entries(figures.bypasses).map(([reason, count]) => [{ reason }, count]));
    setBytes(bytesOf(figures.cache));
    setErrors(figures.storeErrors);
    setEvictions(figures.storeEvictions);
    setOthers(figures.cluster?.others ?? 0);
    setSkipped(figures.cluster?.skipped ?? 0);
    for (const refresh of refreshes) refresh(figures);
  };
}
