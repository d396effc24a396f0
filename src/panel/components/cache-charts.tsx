import { useClient, usePolled, useStore } from '../hooks.ts';
import { formatCount, formatPercent } from '../lib/format.ts';
import { hitRates } from '../lib/series.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';

/** Charts of cache reads, loads and exceptions. */
export function CacheCharts({ windowS }: { windowS: Store<number> }) {
  const { resources } = useClient();
  const series = usePolled(resources.series(useStore(windowS)));
  return (
    <div class="charts">
      <Chart
        series={series}
        title="Hit rate"
        format={formatPercent}
        minScale={100}
        lines={[{ name: 'of reads, latest interval', values: hitRates, color: '--series-2', filled: true }]}
      />
      <Chart
        series={series}
        title="Reads and loads"
        format={formatCount}
        minScale={4}
        lines={[
          { name: 'hits', values: 'cache_hits', color: '--series-2', filled: true },
          { name: 'misses', values: 'cache_misses', color: '--series-3' },
          { name: 'loads', values: 'cache_loads', color: '--series-1' },
        ]}
      />
      <Chart
        series={series}
        title="Exceptions"
        format={formatCount}
        minScale={4}
        lines={[
          { name: 'collapsed', values: 'cache_collapsed', color: '--series-5' },
          { name: 'stale', values: 'cache_stale', color: '--series-3' },
          { name: 'errors', values: 'cache_errors', color: '--series-4' },
        ]}
      />
    </div>
  );
}
