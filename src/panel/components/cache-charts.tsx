import { useClient, usePolled, useStore } from '../hooks.ts';
import { formatCount } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { hitRates } from '../lib/series.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';
import { HitRateChart } from './hit-rate-chart.tsx';

/** Charts of cache reads, loads and exceptions. */
export function CacheCharts({ windowS }: { windowS: Store<number> }) {
  const { resources } = useClient();
  const series = usePolled(resources.series(useStore(windowS)));
  return (
    <div class="charts">
      <HitRateChart series={series} name={t('of reads, latest interval')} values={hitRates} />
      <Chart
        series={series}
        title={t('Reads and loads')}
        format={formatCount}
        minScale={4}
        lines={[
          { name: t('hits'), values: 'cache_hits', color: '--series-2', filled: true },
          { name: t('misses'), values: 'cache_misses', color: '--series-3' },
          { name: t('loads'), values: 'cache_loads', color: '--series-1' },
        ]}
      />
      <Chart
        series={series}
        title={t('Exceptions')}
        format={formatCount}
        minScale={4}
        lines={[
          { name: t('collapsed'), values: 'cache_collapsed', color: '--series-5' },
          { name: t('stale'), values: 'cache_stale', color: '--series-3' },
          { name: t('errors'), values: 'cache_errors', color: '--series-4' },
        ]}
      />
    </div>
  );
}
