import { rank, ruleRows } from '../../lib/apps/figures.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, UNKNOWN } from '../../lib/format.ts';
import type { AppCache, AppManifest } from '../../lib/wire.ts';
import { FigureTable } from './figure-table.tsx';

const T = TEXTS.cache;
const C = T.columns;

/** Why requests were passed on without looking for a stored response. */
export function BypassTable({ cache }: { cache: AppCache }) {
  const rows = rank(cache.bypass_reasons).map(([name, count]) => ({
    name,
    note: TEXTS.bypassReasons[name] ?? '',
    figures: [formatCount(count)],
  }));
  return <FigureTable columns={[C.reason, C.requests]} rows={rows} empty={T.noBypasses} />;
}

/** The rules of an app, and what they have selected. */
export function RuleTable({ manifest, cache }: { manifest: AppManifest; cache: AppCache }) {
  const rows = ruleRows(manifest, cache.by_rule).map(({ pattern, options, traffic }) => ({
    name: pattern,
    note: [options, traffic === null ? T.unused : ''].filter(Boolean).join(' · '),
    figures: [
      formatCount(traffic?.requests ?? null),
      formatCount(traffic?.hits ?? null),
      formatBytes(traffic?.bytes_saved ?? null),
    ],
  }));
  return (
    <FigureTable
      columns={[C.pattern, C.requests, C.hits, T.saved[0]]}
      rows={rows}
      empty={T.noRules}
      emptyHint={T.noRulesHint}
    />
  );
}

/** The resources that were requested most. */
export function TopResources({ cache }: { cache: AppCache }) {
  const rows = cache.most_used.map(({ url, requests, hits, bytes_to_browser: bytes }) => ({
    name: url || UNKNOWN,
    figures: [formatCount(requests), formatCount(hits), formatBytes(bytes)],
  }));
  return <FigureTable columns={[C.url, C.requests, C.hits, C.served]} rows={rows} empty={T.noTop} />;
}
