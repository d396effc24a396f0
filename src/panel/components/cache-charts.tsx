import { useFeed, useService, useStore } from '../hooks.ts';
import { formatCount, formatPercent } from '../lib/format.ts';
import { hitRates } from '../lib/history.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';

export function CacheCharts({ windowS }: { windowS: Store<number> }) {
  const { feeds } = useService();
  const history = useFeed(feeds.history(useStore(windowS)));
  const shown = { history };
  return (
    <div class="charts">
      <Chart
        {...shown}
        title="Hit rate"
        format={formatPercent}
        least={100}
        lines={[{ name: 'of reads', of: hitRates, color: '--series-2', filled: true }]}
      />
      <Chart
        {...shown}
        title="Reads and loads"
        format={formatCount}
        least={4}
        lines={[
          { name: 'hits', of: 'cache_hits', color: '--series-2', filled: true },
          { name: 'misses', of: 'cache_misses', color: '--series-3' },
          { name: 'loads', of: 'cache_loads', color: '--series-1' },
        ]}
      />
      <Chart
        {...shown}
        title="Out of the ordinary"
        format={formatCount}
        least={4}
        lines={[
          { name: 'collapsed', of: 'cache_collapsed', color: '--series-5' },
          { name: 'stale', of: 'cache_stale', color: '--series-3' },
          { name: 'errors', of: 'cache_errors', color: '--series-4' },
        ]}
      />
    </div>
  );
}
