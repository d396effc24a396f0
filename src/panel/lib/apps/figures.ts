import type { Column } from '../series.ts';
import type { AppManifest, AppSeries, Traffic } from '../wire.ts';

/** Hits in percent of the requests that could be hits; null without any. */
export function hitRate({ hits, misses }: { hits: number; misses: number }): number | null {
  return hits + misses === 0 ? null : (100 * hits) / (hits + misses);
}

/** Hit rate of each interval in percent; null for an interval without requests. */
export function hitRatesOf({ hits, misses }: Pick<AppSeries, 'hits' | 'misses'>): Column {
  return hits.map((count, index) => {
    const missed = misses[index] ?? null;
    return count === null || missed === null ? null : hitRate({ hits: count, misses: missed });
  });
}

/** Counts that are not zero, the largest first. */
export function rank(counts: Readonly<Record<string, number>>): [name: string, count: number][] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
}

/** Groups of traffic, those with the most requests first. */
export function rankTraffic(groups: Readonly<Record<string, Traffic>>): [name: string, traffic: Traffic][] {
  return Object.entries(groups).sort(([, a], [, b]) => b.requests - a.requests);
}

/** A rule of an app with its traffic; null for one that no request has matched yet. */
export interface RuleRow {
  pattern: string;
  /** Options in short, such as `ttl_s: 60`. */
  options: string;
  traffic: Traffic | null;
}

/** The rules of a manifest in their order, followed by those that the type of the app adds and that were used. */
export function ruleRows(manifest: AppManifest, byRule: Readonly<Record<string, Traffic>>): RuleRow[] {
  const own = (manifest.cache_routes ?? []).map((route) => {
    const { match, ...options } = typeof route === 'string' ? { match: route } : route;
    const texts = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
    return { pattern: match, options: texts.join(', '), traffic: byRule[match] ?? null };
  });
  const patterns = new Set(own.map(({ pattern }) => pattern));
  const others = rankTraffic(byRule).filter(([pattern]) => !patterns.has(pattern));
  return [...own, ...others.map(([pattern, traffic]) => ({ pattern, options: '', traffic }))];
}
