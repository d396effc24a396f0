import type { Static } from 'typebox';
import type { Explanation, KeptPage, LaneStats, TrafficStats } from '../../../library/gateway/index.ts';
import type { InstalledApp } from '../../browser/apps/app-store.ts';
import { maskManifest } from '../../browser/apps/secrets.ts';
import type { AppCacheStats } from '../../browser/cache/app-caches.ts';
import type { StartFigures } from '../../browser/cache/start-times.ts';
import type { SessionSummary } from '../../browser/cluster/session-summary.ts';
import type { WarmUp } from '../../browser/sessions/warm-ups.ts';
import type {
  AppCacheSchema,
  EntriesSchema,
  ExplanationSchema,
  WireApp,
  WireAppCache,
  WireAppDetails,
} from '../schemas/apps.ts';
import type { TrafficSchema, WireSession } from '../schemas/sessions.ts';
import { toTime } from './time.ts';

const NO_TRAFFIC: TrafficStats['byHost'][string] = {
  requests: 0,
  hits: 0,
  misses: 0,
  bypasses: 0,
  bytesToBrowser: 0,
  bytesFromUpstream: 0,
  bytesSaved: 0,
};

/** What the list of apps shows of their traffic. */
type AppTraffic = Pick<TrafficStats, 'hits' | 'misses' | 'bytesSaved'>;

/** Maps an app to the wire. */
export function toWireApp(
  { workspace, appId, manifest, installedAt }: InstalledApp,
  live: number,
  traffic?: AppTraffic,
): WireApp {
  const { name, type, version = null, description = null } = manifest;
  const installed = toTime(installedAt);
  return {
    workspace,
    app_id: appId,
    name,
    type,
    version,
    description,
    installed_at: installed,
    live_sessions: live,
    hits: traffic?.hits ?? 0,
    misses: traffic?.misses ?? 0,
    bytes_saved: traffic?.bytesSaved ?? 0,
  };
}

/** Maps an app with its manifest to the wire. Secrets are masked. */
export function toWireAppDetails(
  app: InstalledApp,
  live: number,
  { warmUp, traffic }: { warmUp: WarmUp | null; traffic?: AppTraffic | undefined },
): WireAppDetails {
  return { ...toWireApp(app, live, traffic), warm_up: warmUp, manifest: maskManifest(app.manifest) };
}

/** Maps a session to the wire. */
export function toWireSession(session: SessionSummary): WireSession {
  return {
    id: session.id,
    workspace: session.workspace,
    app_id: session.appId,
    name: session.name,
    type: session.type,
    status: session.status,
    reason: session.reason,
    code: session.code,
    mode: session.mode,
    profile: session.profile,
    warm_up: session.isWarmUp,
    restart_of: session.restartOf,
    created_at: toTime(session.createdAt),
    ready_at: session.readyAt === null ? null : toTime(session.readyAt),
    ended_at: session.endedAt === null ? null : toTime(session.endedAt),
    start_seconds: session.startMs === null ? null : toSeconds(session.startMs),
    requests: session.requests,
    hits: session.hits,
    bytes_from_upstream: session.bytesFromUpstream,
    memory_bytes: session.memoryBytes,
    can_execute: session.canExecute,
  };
}

/** Maps the figures of an app's cache to the wire. */
export function toWireAppCache(stats: AppCacheStats): WireAppCache {
  const { traffic, starts } = stats;
  return {
    entry_count: stats.entryCount,
    total_size_bytes: stats.totalSizeBytes,
    oldest_entry: stats.oldestAt === null ? null : stats.oldestAt / 1000,
    newest_entry: stats.newestAt === null ? null : stats.newestAt / 1000,
    recording: stats.recording,
    ...toWireTrafficStats(traffic),
    starts: { cold: toWireStarts(starts.cold), warm: toWireStarts(starts.warm) },
    most_used: traffic.mostUsed.map(({ url, requests, hits, bytesToBrowser }) => ({
      url,
      requests,
      hits,
      bytes_to_browser: bytesToBrowser,
    })),
    rules: stats.rules.map((match) => ({ match, ...toWireCounts(traffic.byRule[match] ?? NO_TRAFFIC) })),
    evictions: stats.evictions,
    store_errors: stats.storeErrors,
  };
}

/** Maps the figures of a session's lane to the wire. */
export function toWireTraffic(stats: LaneStats): Static<typeof TrafficSchema> {
  const { blocked, background, refused, failures, webSocketBytes } = stats;
  return {
    ...toWireTrafficStats(stats),
    blocked,
    background,
    refused,
    failures,
    web_socket_bytes_to_browser: webSocketBytes.toBrowser,
    web_socket_bytes_to_upstream: webSocketBytes.toUpstream,
  };
}

/** Maps a page of stored responses to the wire. */
export function toWireEntries({ resources, cursor }: KeptPage): Static<typeof EntriesSchema> {
  return {
    entries: resources.map(({ url, status, type, bytes, receivedAt, isPersonal, hits }) => ({
      url,
      status,
      content_type: type,
      bytes,
      received_at: toTime(receivedAt),
      hits,
      personal: isPersonal,
    })),
    next_cursor: cursor ?? null,
  };
}

/** Maps an explanation to the wire. */
export function toWireExplanation(explanation: Explanation): Static<typeof ExplanationSchema> {
  const { rule = null, excluded, blocked, mode, latest } = explanation;
  return {
    rule,
    excluded,
    blocked,
    mode,
    latest: latest
      ? {
          result: latest.result,
          bypass_reason: latest.bypassReason ?? null,
          miss_reason: latest.missReason ?? null,
          not_stored: latest.notKept ?? null,
        }
      : null,
  };
}

function toWireTrafficStats(stats: TrafficStats) {
  const group = (groups: TrafficStats['byHost']) =>
    Object.fromEntries(Object.entries(groups).map(([name, traffic]) => [name, toWireCounts(traffic)]));
  return {
    ...toWireCounts(stats),
    bypass_reasons: { ...stats.bypassReasons } as Static<typeof AppCacheSchema>['bypass_reasons'],
    by_host: group(stats.byHost),
    by_type: group(stats.byType),
    by_rule: group(stats.byRule),
    header_bytes: stats.headerBytes,
  };
}

function toWireCounts(traffic: TrafficStats['byHost'][string]) {
  const { requests, hits, misses, bypasses } = traffic;
  return {
    requests,
    hits,
    misses,
    bypasses,
    bytes_to_browser: traffic.bytesToBrowser,
    bytes_from_upstream: traffic.bytesFromUpstream,
    bytes_saved: traffic.bytesSaved,
  };
}

function toWireStarts({ count, lastMs, totalMs }: StartFigures) {
  return {
    count,
    last_seconds: lastMs === null ? null : toSeconds(lastMs),
    mean_seconds: count === 0 ? null : toSeconds(totalMs / count),
  };
}

function toSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
