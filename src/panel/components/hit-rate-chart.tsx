import { formatPercent } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Polled } from '../lib/poller.ts';
import type { Column } from '../lib/series.ts';
import { Chart } from './chart.tsx';

interface HitRateChartProps<S> {
  series: Polled<S>;
  /** What the rate is of. */
  name: string;
  /** Computes it in percent. */
  values: (series: S) => Column;
}

/** Hit rate of a cache over time. */
export function HitRateChart<S extends { from: number; to: number; t: number[] }>({
  series,
  name,
  values,
}: HitRateChartProps<S>) {
  return (
    <Chart
      series={series}
      title={t('Hit rate')}
      format={formatPercent}
      minScale={100}
      lines={[{ name, values, color: '--series-2', filled: true }]}
    />
  );
}
