import { useClient, usePolled, useStore } from '../hooks.ts';
import type { EngineRow } from '../lib/engine-rows.ts';
import { formatBytes, formatCount, formatPercent, formatRate } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';

/** Usage of one engine over time. The current values are those of its row in the list. */
export function EngineCharts({ row, windowS }: { row: EngineRow; windowS: Store<number> }) {
  const { resources } = useClient();
  const series = usePolled(resources.engineSeries(row.engine.container_id, useStore(windowS)));
  const isMeasured = series.value?.memory_usage.some((value) => value !== null);
  return (
    <div class="charts engine-charts">
      <Chart
        series={series}
        title={t('CPU')}
        format={formatPercent}
        minScale={10}
        lines={[
          {
            name: t('of one core'),
            values: 'cpu_percent',
            color: '--series-1',
            filled: true,
            current: row.cpu,
          },
        ]}
      />
      <Chart
        series={series}
        title={t('Memory')}
        format={formatBytes}
        minScale={1e7}
        lines={[
          {
            name: t('in use'),
            values: 'memory_usage',
            color: '--series-2',
            filled: true,
            current: row.memory,
          },
        ]}
      />
      <Chart
        series={series}
        title={t('Network')}
        format={formatRate}
        minScale={1000}
        emptyText={
          isMeasured
            ? t('Not measured: the engine uses the network of this machine, whose traffic is not its own')
            : undefined
        }
        lines={[
          {
            name: t('received'),
            values: 'network_rx_rate',
            color: '--series-1',
            filled: true,
            ...(row.rx !== null && { current: row.rx }),
          },
          {
            name: t('sent'),
            values: 'network_tx_rate',
            color: '--series-3',
            ...(row.tx !== null && { current: row.tx }),
          },
        ]}
      />
      <Chart
        series={series}
        title={t('Streams')}
        format={formatCount}
        minScale={2}
        lines={[
          {
            name: t('active'),
            values: 'streams_active',
            color: '--series-3',
            filled: true,
            current: row.streams,
          },
        ]}
      />
    </div>
  );
}
