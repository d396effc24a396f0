import type { SseClients } from '../api/live/sse-clients.ts';
import type { BrowserApps } from '../browser/browser-apps.ts';
import type { Config } from '../config/config.ts';
import { knownVpns } from '../metrics/vpn.ts';
import type { Cluster } from './cluster.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Playback } from './playback.ts';
import type { Vpns } from './vpns.ts';

/** Twice the longest HISTORY_SAMPLE_INTERVAL_S, and some time to read. Older ones would draw a flat line in a dashboard. */
const MAX_SAMPLE_AGE_MS = 150_000;

/** Connects the metrics to their sources. All of them read only what is in memory. */
export function connectMetrics(
  config: Config,
  parts: {
    browserApps: BrowserApps;
    engines: Engines;
    playback: Playback;
    vpns: Vpns;
    cluster: Cluster;
    sseClients: SseClients;
  },
  { bus, caches, metrics }: Infrastructure,
): void {
  const { registry, usage, breakers, runtime } = parts.engines;
  const { streams, samples } = parts.playback;
  const { fleet, state } = parts.vpns;
  const vpnNames = fleet.vpns.map(({ name }) => name);
  const clusterState = parts.cluster.state;
  metrics.expose({
    cacheTotals: () => caches.stats.totals(),
    snapshot: () => ({
      runtimeAvailable: registry.available && !runtime.managerOutage,
      engines: registry.list(),
      streams: { active: streams.counts().active, byEngine: streams.countsByEngine() },
      samples: usage.recent(MAX_SAMPLE_AGE_MS),
      vpns: knownVpns(vpnNames, state.peek(), fleet.observations),
      minReplicas: config.minReplicas,
      breakers: { general: breakers.general.state, replacement: breakers.replacement.state },
      nodes: runtime.nodes?.() ?? [],
      liveClients: parts.sseClients.size,
    }),
    samples: {
      startedIds: () => streams.started().map(({ id }) => id),
      current: (id) => samples.current(id),
      last: (id) => samples.history(id).at(-1) ?? null,
    },
    cluster: clusterState && (() => ({ ...clusterState(), redisTotals: caches.shared?.redisTotals() ?? {} })),
    browserApps: () => parts.browserApps.figures(),
    bus,
  });
}
