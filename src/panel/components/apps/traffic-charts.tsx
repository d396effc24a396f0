import { useClient, usePolled, useStore } from '../../hooks.ts';
import { hitRatesOf } from '../../lib/apps/figures.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, formatPercent } from '../../lib/format.ts';
import type { Poller } from '../../lib/poller.ts';
import type { Store } from '../../lib/store.ts';
import type { AppSeries } from '../../lib/wire.ts';
import { Chart } from '../chart.tsx';

const T = TEXTS.cache;
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
      <Chart
        series={series}
        title={T.charts.rate}
        format={formatPercent}
        minScale={100}
        lines={[{ name: T.lines.rate, values: hitRatesOf, color: '--series-2', filled: true }]}
      />
      <Chart
        series={series}
        title={T.charts.requests}
        format={formatCount}
        minScale={4}
        lines={[
          { name: T.lines.hits, values: 'hits', color: '--series-2', filled: true },
          { name: T.lines.misses, values: 'misses', color: '--series-3' },
          { name: T.lines.bypasses, values: 'bypasses', color: '--series-5' },
        ]}
      />
      <Chart
        series={series}
        title={T.charts.bytes}
        format={formatBytes}
        minScale={100_000}
        lines={[
          { name: T.lines.saved, values: 'bytes_saved', color: '--series-2', filled: true },
          { name: T.lines.upstream, values: 'bytes_from_upstream', color: '--series-1' },
        ]}
      />
    </div>
  );
}
