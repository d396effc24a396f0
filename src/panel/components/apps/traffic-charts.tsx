import { useClient, usePolled, useStore } from '../../hooks.ts';
import { hitRatesOf } from '../../lib/apps/figures.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Poller } from '../../lib/poller.ts';
import type { Store } from '../../lib/store.ts';
import type { AppSeries } from '../../lib/wire.ts';
import { Chart } from '../chart.tsx';
import { HitRateChart } from '../hit-rate-chart.tsx';

const OPERATION = 'GET /apps/{workspace}/{app}/cache/history';

interface TrafficChartsProps {
  path: { workspace: string; app: string };
  windowS: Store<number>;
}

/** Hit rate, requests and bytes of an app over time. Polled at most once per point. */
export function TrafficCharts({ path, windowS: store }: TrafficChartsProps) {
  const { api, resources } = useClient();
  const windowS = useStore(store);
  const input = { path, query: { window_s: windowS } };
  const poller: Poller<AppSeries> = resources.keyed(
    `${OPERATION} ${JSON.stringify(input)}`,
    'apps:history',
    (etag) => api.read(OPERATION, input, etag),
    () => poller.state.value.value?.interval_s ?? 0,
  );
  const series = usePolled(poller);
  return (
    <div class="charts">
      <HitRateChart series={series} name={t('of requests')} values={hitRatesOf} />
      <Chart
        series={series}
        title={t('Requests')}
        format={formatCount}
        minScale={4}
        lines={[
          { name: t('hits'), values: 'hits', color: '--series-2', filled: true },
          { name: t('misses'), values: 'misses', color: '--series-3' },
          { name: t('bypasses'), values: 'bypasses', color: '--series-5' },
        ]}
      />
      <Chart
        series={series}
        title={t('Bytes')}
        format={formatBytes}
        minScale={100_000}
        lines={[
          { name: t('saved'), values: 'bytes_saved', color: '--series-2', filled: true },
          { name: t('from upstream'), values: 'bytes_from_upstream', color: '--series-1' },
        ]}
      />
    </div>
  );
}
