import { setTimeout as delay } from 'node:timers/promises';
import type { LoadingCache } from '../library/cache/index.ts';
import type { Api } from './api/context.ts';
import { SseClients } from './api/live/sse-clients.ts';
import type { Settings } from './config/settings-store.ts';
import { restoreStreams } from './event-log/connect.ts';
import { createApi } from './wiring/api.ts';
import { createAppCluster } from './wiring/app-cluster.ts';
import { createAppSeries, createBrowserApps } from './wiring/browser.ts';
import { createCluster } from './wiring/cluster.ts';
import type { Dependencies } from './wiring/dependencies.ts';
import { createEngines } from './wiring/engines.ts';
import { createInfrastructure } from './wiring/infrastructure.ts';
import { connectMetrics } from './wiring/metrics.ts';
import { createNotifications } from './wiring/notifications.ts';
import { createPlayback } from './wiring/playback.ts';
import { createReconcilers } from './wiring/reconcilers.ts';
import { Shutdown } from './wiring/shutdown.ts';
import { createTimeSeries } from './wiring/time-series.ts';
import { createVpnSupervisor, createVpns } from './wiring/vpns.ts';

export type { Dependencies } from './wiring/dependencies.ts';

/** How long the stop waits for replies in progress before it ends the engines. */
const REPLY_GRACE_MS = 300;
/** Deadline of each step of the stop: longer than a runtime takes to kill engines that ignore SIGTERM. */
const STEP_TIMEOUT_MS = 5000;

/** The application without its process: no signals, no environment, no port until the caller listens. */
export interface App {
  /** The HTTP server. Making it listen is left to the caller. */
  readonly api: Api;
  /** The cache of answers. */
  readonly cache: LoadingCache;
  /** Begins to observe engines, streams and VPNs, and to act on them. */
  start(): void;
  /**
   * Stops serving, observing and acting, and closes the runtime. Every step is tried.
   * @throws AggregateError if steps failed
   */
  close(): Promise<void>;
}

/**
 * Builds the application. Each part is created from those before it. The event log is opened when the API
 * becomes ready; everything else begins with `start()`.
 */
export async function buildApp(settings: Settings, dependencies: Dependencies): Promise<App> {
  const { config } = settings;
  const { runtime, vpnContainers } = dependencies;
  const infrastructure = createInfrastructure(config, dependencies);
  const { bus, caches, clock, eventLog, link, metrics, notices, onLog } = infrastructure;

  const engines = createEngines(config, runtime, infrastructure);
  const { registry } = engines;
  const playback = createPlayback(config, engines, infrastructure);
  const { streams, collector } = playback;
  const cluster = createCluster(config, streams, infrastructure);
  const { leadership } = cluster;
  const vpns = createVpns(config, vpnContainers, infrastructure);
  const { fleet } = vpns;
  const usesVpnContainers = vpnContainers !== null;
  const reconcilers = createReconcilers(
    config,
    { runtime, usesVpnContainers, engines, streams, vpns, cluster },
    infrastructure,
  );
  const vpnSupervisor = createVpnSupervisor(
    config,
    { containers: vpnContainers, fleet, leadership, onObservation: reconcilers.reconcileVpns },
    infrastructure,
  );

  const timeSeries = createTimeSeries(config, engines, streams, infrastructure);
  const notifications = createNotifications(config, { engines, playback, vpns, cluster }, infrastructure);
  const readAddress = () => api.server.address();
  const browserApps = createBrowserApps(config, infrastructure, readAddress);
  const appSeries = createAppSeries(config, browserApps, infrastructure);
  const appCluster = createAppCluster(
    config,
    dependencies.apiKey,
    { browserApps, readAddress },
    infrastructure,
  );
  settings.onChange((names) => {
    notifications.setTargets(config.notifyUrls);
    bus.publish({ type: 'settings_changed', names: names.join(', ') });
  });
  const sseClients = new SseClients({ notices, clock, maxClients: config.liveMaxClients });
  connectMetrics(config, { browserApps, engines, playback, vpns, cluster, sseClients }, infrastructure);
  const api = await createApi(config, dependencies, {
    settings,
    infrastructure,
    engines,
    playback,
    vpns,
    cluster,
    reconcilers,
    browserApps,
    notifications,
    appCluster,
    timeSeries: timeSeries.series,
    appSeries,
    engineSeries: timeSeries.engineSeries,
    sseClients,
  });
  // Before the first request is served: a client may report the end of a stream of the previous run.
  api.addHook('onReady', async () => {
    eventLog.start();
    await timeSeries.restore();
    await reconcilers.restore();
    await notifications.restore();
    await browserApps.restore();
    await restoreStreams({ eventLog, bus, streams, engines: registry, onLog });
  });

  return {
    api,
    cache: caches.stats,
    start() {
      reconcilers.start();
      notifications.start();
      registry.start();
      cluster.start();
      appCluster?.start();
      collector.start();
      vpnSupervisor.start();
      timeSeries.start();
      appSeries.start();
    },
    async close() {
      const shutdown = new Shutdown();
      const run = (name: string, step: () => unknown) => shutdown.run(name, STEP_TIMEOUT_MS, step);
      await run('reconcilers', () => reconcilers.stop());
      await run('VPN supervisor', () => vpnSupervisor.stop());
      // Starts that are in progress end with it, and so do their replies.
      const browsers = run('browser apps', () => browserApps.close());
      const served = run('HTTP server', () => api.close());
      // Most replies take less, and show the engines as they were. The others must not keep engines running.
      await Promise.race([served, delay(REPLY_GRACE_MS, undefined, { ref: false })]);
      await run('health checks', () => engines.health.stop());
      await run('stream collector', () => collector.stop());
      // The ends of engines that follow are no events.
      await run('Docker check', () => dependencies.fallback?.close());
      await run('registry', () => registry.stop());
      await run('notifications', () => notifications.close());
      await Promise.all([
        browsers,
        served,
        run('cluster', () => cluster.close()),
        browsers.then(() => run('browser app cluster', () => appCluster?.close())),
        run('time series', () => timeSeries.stop()),
        run('time series of apps', () => appSeries.stop()),
        run('runtime', () => runtime.close()),
      ]);
      await run('cache', () => caches.stats.close());
      await run('VPN cache', () => caches.results.close());
      await run('Redis link', () => link?.close());
      await run('metrics', () => metrics.close());
      await run('event log', () => eventLog.close());
      shutdown.finish();
    },
  };
}
