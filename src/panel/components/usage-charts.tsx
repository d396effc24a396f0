import { useClient, usePolled, useStore } from '../hooks.ts';
import { formatCount, formatRate } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { type Column, latest } from '../lib/series.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';
import { ResourceCharts, StreamsChart } from './resource-charts.tsx';

/** Resource usage of all engines. The current values come from the polled statistics, the lines from the series. */
export function UsageCharts({ windowS }: { windowS: Store<number> }) {
  const { resources, throughput } = useClient();
  const series = usePolled(resources.series(useStore(windowS)));
  const total = usePolled(resources.statsTotal).value;
  // The last point of the series is older than the figures above the charts.
  const { engines, capacity, streams } = usePolled(resources.status).value ?? {};
  const { value: data } = series;
  const isMeasured = (column: Column) => latest(column) !== null;
  const networkIsShared = data && isMeasured(data.memory_usage) && !isMeasured(data.network_rx_rate);
  const { rx, tx, read, written } = throughput.total;
  return (
    <div class="charts">
      <ResourceCharts
        series={series}
        current={{ cpu: total?.total_cpu_percent ?? null, memory: total?.total_memory_usage ?? null, rx, tx }}
        emptyNetwork={
          networkIsShared
            ? t(
                'Not measured: the engines use the network of this machine, whose traffic is not theirs alone',
              )
            : undefined
        }
      />
      <Chart
        series={series}
        title={t('Disk')}
        format={formatRate}
        minScale={1000}
        lines={[
          {
            name: t('read'),
            values: 'block_read_rate',
            color: '--series-2',
            filled: true,
            ...(read !== null && { current: read }),
          },
          {
            name: t('written'),
            values: 'block_write_rate',
            color: '--series-4',
            ...(written !== null && { current: written }),
          },
        ]}
      />
      <Chart
        series={series}
        title={t('Engines')}
        format={formatCount}
        minScale={4}
        lines={[
          { name: t('total'), values: 'engines_total', color: '--series-5', current: engines?.total },
          {
            name: t('healthy'),
            values: 'engines_healthy',
            color: '--series-2',
            filled: true,
            current: engines?.healthy,
          },
          { name: t('in use'), values: 'engines_used', color: '--series-1', current: capacity?.used },
        ]}
      />
      <StreamsChart series={series} current={streams?.active} />
    </div>
  );
}
