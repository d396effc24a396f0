import { useState } from 'preact/hooks';
import { CacheCharts } from '../components/cache-charts.tsx';
import { CacheEntries } from '../components/cache-entries.tsx';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { ClearCacheDialog } from '../components/clear-cache-dialog.tsx';
import { ReadLatencyTable } from '../components/read-latency.tsx';
import { TimeRangePicker } from '../components/time-range-picker.tsx';
import { useClient, useNow, usePolled } from '../hooks.ts';
import { formatBytes, formatCount, formatDuration } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Polled } from '../lib/poller.ts';
import type { Store } from '../lib/store.ts';
import type { CacheStats } from '../lib/wire.ts';

/** Cache statistics, entries and read latency. */
export function CachePage({ windowS }: { windowS: Store<number> }) {
  const { resources } = useClient();
  const polled = usePolled(resources.cache);
  const [clearing, setClearing] = useState(false);
  const stats = polled.value;
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Cache')}</h1>
        <div class="actions">
          <button type="button" onClick={() => setClearing(true)}>
            {t('Clear …')}
          </button>
        </div>
      </div>
      <Card title={t('Totals since the last reset')} from={polled} class="tiles-card">
        {stats ? <Tiles stats={stats} /> : <Loading from={polled} />}
      </Card>
      <div class="section-head">
        <h2>{t('Over time')}</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      <CacheCharts windowS={windowS} />
      <div class="columns">
        <Card
          title={t('Fresh entries')}
          from={polled}
          aside={stats && <SizeAndAge polled={polled} bytes={stats.bytes} />}
        >
          {stats === null ? (
            <Loading from={polled} />
          ) : stats.entries.length === 0 ? (
            <EmptyState title={t('No fresh entries')}>
              <p>{t('A read adds an entry. Open the overview, or request /engines/stats/total.')}</p>
            </EmptyState>
          ) : (
            <CacheEntries entries={stats.entries} />
          )}
        </Card>
        <Card title={t('Average read latency')} from={polled}>
          {stats ? <ReadLatencyTable stats={stats} /> : <Loading from={polled} />}
        </Card>
      </div>
      {clearing && <ClearCacheDialog entries={stats?.entries ?? []} onClose={() => setClearing(false)} />}
    </>
  );
}

function SizeAndAge({ polled, bytes }: { polled: Polled<unknown>; bytes: number }) {
  const { clock } = useClient();
  useNow();
  const ageS = polled.generatedAt === null ? null : (clock.now() - polled.generatedAt) / 1000;
  return (
    <span class="muted">
      {t('{size} in total, {age} ago', { size: formatBytes(bytes), age: formatDuration(ageS) })}
    </span>
  );
}

function Tiles({ stats }: { stats: CacheStats }) {
  const tiles: [name: string, value: string, description: string][] = [
    [t('Hit rate'), `${stats.hit_rate} %`, t('Share of reads served from the cache')],
    [t('Hits'), formatCount(stats.hits), t('Reads served from the cache')],
    [t('Misses'), formatCount(stats.misses), t('Reads that were not served from a fresh entry')],
    [t('Loads'), formatCount(stats.loads), t('Reads of a source, background refreshes included')],
    [t('Collapsed'), formatCount(stats.collapsed), t('Misses that shared a load already in progress')],
    [
      t('Stale values'),
      formatCount(stats.stale),
      t('Reads served with the last good value because the load failed'),
    ],
    [t('Load errors'), formatCount(stats.load_errors), t('Loads that failed or timed out')],
    [t('Evictions'), formatCount(stats.evictions), t('Entries removed because the cache was full')],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, description]) => (
        <div key={name} title={description}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
