import { formatBytes, formatCount, formatPercent, formatRate } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Polled } from '../lib/poller.ts';
import type { Column } from '../lib/series.ts';
import { Chart } from './chart.tsx';

/** What the series of an engine and those of all engines have in common. */
interface ResourceSeries {
  from: number;
  to: number;
  t: number[];
  cpu_percent: Column;
  memory_usage: Column;
  network_rx_rate: Column;
  network_tx_rate: Column;
  streams_active: Column;
}

/** The current values, which are more recent than the last of the series. Null: that of the series. */
interface CurrentResources {
  cpu: number | null;
  memory: number | null;
  rx: number | null;
  tx: number | null;
}

interface ResourceChartsProps {
  series: Polled<ResourceSeries>;
  current: CurrentResources;
  /** Why there is no network traffic, if it is known. */
  emptyNetwork: string | undefined;
}

/** CPU, memory and network over time, of one engine or of all. */
export function ResourceCharts({ series, current, emptyNetwork }: ResourceChartsProps) {
  const { cpu, memory, rx, tx } = current;
  return (
    <>
      <Chart
        series={series}
        title={t('CPU')}
        format={formatPercent}
        minScale={10}
        lines={[
          { name: t('of one core'), values: 'cpu_percent', color: '--series-1', filled: true, current: cpu },
        ]}
      />
      <Chart
        series={series}
        title={t('Memory')}
        format={formatBytes}
        minScale={1e7}
        lines={[
          { name: t('in use'), values: 'memory_usage', color: '--series-2', filled: true, current: memory },
        ]}
      />
      <Chart
        series={series}
        title={t('Network')}
        emptyText={emptyNetwork}
        format={formatRate}
        minScale={1000}
        lines={[
          {
            name: t('received'),
            values: 'network_rx_rate',
            color: '--series-1',
            filled: true,
            current: rx ?? undefined,
          },
          { name: t('sent'), values: 'network_tx_rate', color: '--series-3', current: tx ?? undefined },
        ]}
      />
    </>
  );
}

interface StreamsChartProps {
  series: Polled<ResourceSeries>;
  current: number | undefined;
}

/** Active streams over time. */
export function StreamsChart({ series, current }: StreamsChartProps) {
  return (
    <Chart
      series={series}
      title={t('Streams')}
      format={formatCount}
      minScale={4}
      lines={[{ name: t('active'), values: 'streams_active', color: '--series-3', filled: true, current }]}
    />
  );
}
