import type { Traffic } from '../../library/gateway/index.ts';
import { hashOf, namespaceOf } from './apps/app-key.ts';
import type { AppStore } from './apps/app-store.ts';
import type { AppCaches } from './cache/app-caches.ts';
import type { GatewaySource } from './cache/gateway-source.ts';
import type { StartFigures } from './cache/start-times.ts';
import type { ClusterFigures } from './cluster/app-cluster.ts';
import type { Session } from './sessions/session.ts';
import { SESSION_STATUSES, type SessionStatus } from './sessions/session-status.ts';
import type { Sessions } from './sessions/sessions.ts';

/** Further apps are summed: each app has a set of series. */
const MAX_APPS = 100;
/** Further sessions have no series of their own; their app counts them. */
const MAX_SESSIONS = 100;
/** Workspace and id of the sum over the apps above {@link MAX_APPS}. */
const OTHERS = '(other)';

/** Requests and bytes. */
export type BrowserTraffic = Readonly<Omit<Traffic, 'requests'>>;

/** Figures of an app for metrics. */
export interface AppFigures {
  readonly workspace: string;
  readonly appId: string;
  readonly traffic: BrowserTraffic;
  /** Sessions that have not ended. */
  readonly liveSessions: number;
  readonly starts: Readonly<Record<'cold' | 'warm', Pick<StartFigures, 'count' | 'totalMs'>>>;
  /** What its cache contained when that was last read; null before. */
  readonly usage: { readonly entries: number; readonly bodyBytes: number } | null;
}

/** Figures of a session that has not ended, for metrics. */
export interface SessionFigures {
  readonly id: string;
  readonly workspace: string;
  readonly appId: string;
  readonly traffic: BrowserTraffic;
  /** Memory of its Chromium when it was last read; null unless it has a limit. */
  readonly memoryBytes: number | null;
}

/** Figures for metrics. */
export interface BrowserFigures {
  /** Number of installed apps. */
  readonly apps: number;
  readonly sessions: Readonly<Record<SessionStatus, number>>;
  /** Starts that wait for a place. */
  readonly waiting: number;
  /** Running Chromium processes, without their children. */
  readonly browsers: number;
  /** Requests and bytes of all installed apps since the start. */
  readonly cache: BrowserTraffic;
  /** Bypasses of all installed apps by reason. */
  readonly bypasses: Readonly<Record<string, number>>;
  /** At most {@link MAX_APPS}, and the sum of the others. */
  readonly byApp: readonly AppFigures[];
  /** At most {@link MAX_SESSIONS}. */
  readonly bySession: readonly SessionFigures[];
  readonly storeErrors: number;
  readonly storeEvictions: number;
  /** Null without Redis. */
  readonly cluster: ClusterFigures | null;
}

/** What figures are read from. */
export interface FigureSources {
  readonly apps: AppStore;
  readonly sessions: Sessions;
  readonly caches: AppCaches;
  readonly gateway: GatewaySource;
  readonly waiting: number;
  readonly browsers: number;
  readonly cluster: ClusterFigures | null;
}

/** Reads the figures of all apps from memory. */
export function readFigures({ apps, sessions, caches, gateway, ...counts }: FigureSources): BrowserFigures {
  const opened = gateway.opened;
  const all = sessions.list();
  const live = all.filter(({ isLive }) => isLive);
  const liveByApp = Map.groupBy(live, ({ app }) => hashOf(app));
  const cache = noTraffic();
  const bypasses: Record<string, number> = {};
  const byApp = apps.list().map((app): AppFigures => {
    const stats = opened?.gateway.stats(namespaceOf(app));
    if (stats) addTraffic(cache, stats);
    for (const [reason, count] of Object.entries(stats?.bypassReasons ?? {}))
      bypasses[reason] = (bypasses[reason] ?? 0) + count;
    return {
      workspace: app.workspace,
      appId: app.appId,
      traffic: stats ?? noTraffic(),
      liveSessions: liveByApp.get(hashOf(app))?.length ?? 0,
      starts: caches.startTimes(app),
      usage: caches.lastUsage(app),
    };
  });
  const byStatus = Object.groupBy(all, ({ status }) => status);
  return {
    ...counts,
    apps: byApp.length,
    sessions: Object.fromEntries(
      SESSION_STATUSES.map((status) => [status, byStatus[status]?.length ?? 0]),
    ) as Record<SessionStatus, number>,
    cache,
    bypasses,
    byApp: [...byApp.slice(0, MAX_APPS), ...sumOf(byApp.slice(MAX_APPS))],
    bySession: live.slice(0, MAX_SESSIONS).map(toSessionFigures),
    storeErrors: opened?.gateway.storeErrors ?? 0,
    storeEvictions: opened?.stores.evictions ?? 0,
  };
}

function toSessionFigures({ id, app, traffic, memoryBytes }: Session): SessionFigures {
  return { id, workspace: app.workspace, appId: app.appId, traffic: traffic ?? noTraffic(), memoryBytes };
}

type Sums = { -readonly [Name in keyof BrowserTraffic]: number };

function noTraffic(): Sums {
  return { hits: 0, misses: 0, bypasses: 0, bytesToBrowser: 0, bytesFromUpstream: 0, bytesSaved: 0 };
}

function addTraffic(sums: Sums, traffic: BrowserTraffic): void {
  for (const name of Object.keys(sums) as (keyof Sums)[]) sums[name] += traffic[name];
}

function sumOf(others: readonly AppFigures[]): AppFigures[] {
  if (others.length === 0) return [];
  const traffic = noTraffic();
  const starts = { cold: { count: 0, totalMs: 0 }, warm: { count: 0, totalMs: 0 } };
  const usage = { entries: 0, bodyBytes: 0 };
  let liveSessions = 0;
  for (const app of others) {
    addTraffic(traffic, app.traffic);
    liveSessions += app.liveSessions;
    usage.entries += app.usage?.entries ?? 0;
    usage.bodyBytes += app.usage?.bodyBytes ?? 0;
    for (const kind of ['cold', 'warm'] as const) {
      starts[kind].count += app.starts[kind].count;
      starts[kind].totalMs += app.starts[kind].totalMs;
    }
  }
  return [{ workspace: OTHERS, appId: OTHERS, traffic, liveSessions, starts, usage }];
}
