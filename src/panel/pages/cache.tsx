import { useState } from 'preact/hooks';
import { CacheCharts } from '../components/cache-charts.tsx';
import { CacheEntries } from '../components/cache-entries.tsx';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { ClearCacheDialog } from '../components/clear-cache-dialog.tsx';
import { ReadLatencyTable } from '../components/read-latency.tsx';
import { TimeRangePicker } from '../components/time-range-picker.tsx';
import { useClient, useNow, usePolled } from '../hooks.ts';
import { formatBytes, formatCount, formatDuration } from '../lib/format.ts';
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
        <h1>Cache</h1>
        <div class="actions">
          <button type="button" onClick={() => setClearing(true)}>
            Clear …
          </button>
        </div>
      </div>
      <Card title="Totals since the last reset" from={polled} class="tiles-card">
        {stats ? <Tiles stats={stats} /> : <Loading from={polled} />}
      </Card>
      <div class="section-head">
        <h2>Over time</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      <CacheCharts windowS={windowS} />
      <div class="columns">
        <Card
          title="Fresh entries"
          from={polled}
          aside={stats && <SizeAndAge polled={polled} bytes={stats.bytes} />}
        >
          {stats === null ? (
            <Loading from={polled} />
          ) : stats.entries.length === 0 ? (
            <EmptyState title="No fresh entries">
              <p>A read adds an entry. Open the overview, or request /engines/stats/total.</p>
            </EmptyState>
          ) : (
            <CacheEntries entries={stats.entries} />
          )}
        </Card>
        <Card title="Average read latency" from={polled}>
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
      {formatBytes(bytes)} in total, {formatDuration(ageS)} ago
    </span>
  );
}

function Tiles({ stats }: { stats: CacheStats }) {
  const tiles: [name: string, value: string, description: string][] = [
    ['Hit rate', `${stats.hit_rate} %`, 'Share of reads served from the cache'],
    ['Hits', formatCount(stats.hits), 'Reads served from the cache'],
    ['Misses', formatCount(stats.misses), 'Reads that were not served from a fresh entry'],
    ['Loads', formatCount(stats.loads), 'Reads of a source, background refreshes included'],
    ['Collapsed', formatCount(stats.collapsed), 'Misses that shared a load already in progress'],
    [
      'Stale values',
      formatCount(stats.stale),
      'Reads served with the last good value because the load failed',
    ],
    ['Load errors', formatCount(stats.load_errors), 'Loads that failed or timed out'],
    ['Evictions', formatCount(stats.evictions), 'Entries removed because the cache was full'],
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
