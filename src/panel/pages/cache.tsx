import { useState } from 'preact/hooks';
import { CacheCharts } from '../components/cache-charts.tsx';
import { CacheEntries } from '../components/cache-entries.tsx';
import { Card, Empty, Pending } from '../components/card.tsx';
import { ClearDialog } from '../components/clear-dialog.tsx';
import { PollCosts } from '../components/poll-costs.tsx';
import { WindowChoice } from '../components/window-choice.tsx';
import { useFeed, useNow, useService } from '../hooks.ts';
import { formatBytes, formatCount, formatDuration } from '../lib/format.ts';
import type { Polled } from '../lib/poller.ts';
import type { Store } from '../lib/store.ts';
import type { CacheStats } from '../lib/wire.ts';

export function CachePage({ windowS }: { windowS: Store<number> }) {
  const { feeds } = useService();
  const polled = useFeed(feeds.cache);
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
      <Card title="Since the counters began" from={polled} class="tiles-card">
        {stats ? <Tiles stats={stats} /> : <Pending from={polled} />}
      </Card>
      <div class="section-head">
        <h2>Over time</h2>
        <WindowChoice windowS={windowS} />
      </div>
      <CacheCharts windowS={windowS} />
      <div class="columns">
        <Card
          title="Fresh entries"
          from={polled}
          aside={stats && <Asked polled={polled} bytes={stats.bytes} />}
        >
          {stats === null ? (
            <Pending from={polled} />
          ) : stats.entries.length === 0 ? (
            <Empty title="Nothing is kept at this moment">
              <p>An entry comes with the first read. Open the overview, or curl /engines/stats/total.</p>
            </Empty>
          ) : (
            <CacheEntries entries={stats.entries} />
          )}
        </Card>
        <Card title="What a poll costs" from={polled}>
          {stats ? <PollCosts stats={stats} /> : <Pending from={polled} />}
        </Card>
      </div>
      {clearing && <ClearDialog entries={stats?.entries ?? []} onClose={() => setClearing(false)} />}
    </>
  );
}

function Asked({ polled, bytes }: { polled: Polled<unknown>; bytes: number }) {
  const { clock } = useService();
  useNow();
  const ageS = polled.madeAt === null ? null : (clock.now() - polled.madeAt) / 1000;
  return (
    <span class="muted">
      {formatBytes(bytes)} in all, as it was {formatDuration(ageS)} ago
    </span>
  );
}

function Tiles({ stats }: { stats: CacheStats }) {
  const tiles: [string, string, string][] = [
    ['Hit rate', `${stats.hit_rate} %`, 'Reads answered from a kept answer, at once'],
    ['Hits', formatCount(stats.hits), 'Reads answered at once'],
    ['Misses', formatCount(stats.misses), 'All other reads'],
    ['Loads', formatCount(stats.loads), 'Times a source was read, for a reader or in the background'],
    ['Collapsed', formatCount(stats.collapsed), 'Misses that shared a load somebody else had begun'],
    [
      'Stale serves',
      formatCount(stats.stale),
      'Reads answered with the last good answer, for loading failed',
    ],
    ['Load errors', formatCount(stats.load_errors), 'Loads that failed or took too long'],
    ['Evictions', formatCount(stats.evictions), 'Entries given up for want of room'],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, meaning]) => (
        <div key={name} title={meaning}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
