import { rank, ruleRows } from '../../lib/apps/figures.ts';
import { BYPASS_TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, UNKNOWN } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { AppCache, AppManifest } from '../../lib/wire.ts';
import { FigureTable } from './figure-table.tsx';

/** Why requests were passed on without looking for a stored response. */
export function BypassTable({ cache }: { cache: AppCache }) {
  const rows = rank(cache.bypass_reasons).map(([name, count]) => ({
    name,
    note: BYPASS_TEXTS[name]?.() ?? '',
    figures: [formatCount(count)],
  }));
  return <FigureTable columns={[t('Reason'), t('Requests')]} rows={rows} empty={t('No bypasses')} />;
}

/** The rules of an app, and what they have selected. */
export function RuleTable({ manifest, cache }: { manifest: AppManifest; cache: AppCache }) {
  const rows = ruleRows(manifest, cache.by_rule).map(({ pattern, options, traffic }) => ({
    name: pattern,
    note: [options, traffic === null ? t('no request yet') : ''].filter(Boolean).join(' · '),
    figures: [
      formatCount(traffic?.requests ?? null),
      formatCount(traffic?.hits ?? null),
      formatBytes(traffic?.bytes_saved ?? null),
    ],
  }));
  return (
    <FigureTable
      columns={[t('Pattern'), t('Requests'), t('Hits'), t('Saved')]}
      rows={rows}
      empty={t('No rules')}
      emptyHint={t('Without rules in cache_routes, nothing is stored.')}
    />
  );
}

/** The resources that were requested most. */
export function TopResources({ cache }: { cache: AppCache }) {
  const rows = cache.most_used.map(({ url, requests, hits, bytes_to_browser: bytes }) => ({
    name: url || UNKNOWN,
    figures: [formatCount(requests), formatCount(hits), formatBytes(bytes)],
  }));
  return (
    <FigureTable
      columns={[t('URL'), t('Requests'), t('Hits'), t('Served')]}
      rows={rows}
      empty={t('No requests yet')}
    />
  );
}
