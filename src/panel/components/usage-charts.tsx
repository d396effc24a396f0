import { useFeed, useService, useStore } from '../hooks.ts';
import { formatBytes, formatCount, formatPercent, formatRate } from '../lib/format.ts';
import type { Store } from '../lib/store.ts';
import { Chart } from './chart.tsx';

/** What the engines use, together. The latest figures are of now, the lines of the past. */
export function UsageCharts({ windowS }: { windowS: Store<number> }) {
  const { feeds, throughput } = useService();
  const history = useFeed(feeds.history(useStore(windowS)));
  const total = useFeed(feeds.statsTotal).value;
  const { rx, tx, read, written } = throughput.total;
  const shown = { history };
  return (
    <div class="charts">
      <Chart
        {...shown}
        title="CPU"
        format={formatPercent}
        least={10}
        lines={[
          {
            name: 'of one core',
            of: 'cpu_percent',
            color: '--series-1',
            filled: true,
            now: total?.total_cpu_percent ?? null,
          },
        ]}
      />
      <Chart
        {...shown}
        title="Memory"
        format={formatBytes}
        least={1e7}
        lines={[
          {
            name: 'in use',
            of: 'memory_usage',
            color: '--series-2',
            filled: true,
            now: total?.total_memory_usage ?? null,
          },
        ]}
      />
      <Chart
        {...shown}
        title="Network"
        format={formatRate}
        least={1000}
        lines={[
          {
            name: 'down',
            of: 'network_rx_rate',
            color: '--series-1',
            filled: true,
            ...(rx !== null && { now: rx }),
          },
          { name: 'up', of: 'network_tx_rate', color: '--series-3', ...(tx !== null && { now: tx }) },
        ]}
      />
      <Chart
        {...shown}
        title="Disk"
        format={formatRate}
        least={1000}
        lines={[
          {
            name: 'read',
            of: 'block_read_rate',
            color: '--series-2',
            filled: true,
            ...(read !== null && { now: read }),
          },
          {
            name: 'written',
            of: 'block_write_rate',
            color: '--series-4',
            ...(written !== null && { now: written }),
          },
        ]}
      />
      <Chart
        {...shown}
        title="Engines"
        format={formatCount}
        least={4}
        lines={[
          { name: 'all', of: 'engines_total', color: '--series-5' },
          { name: 'healthy', of: 'engines_healthy', color: '--series-2', filled: true },
          { name: 'playing', of: 'engines_used', color: '--series-1' },
        ]}
      />
      <Chart
        {...shown}
        title="Streams"
        format={formatCount}
        least={4}
        lines={[{ name: 'playing', of: 'streams_active', color: '--series-3', filled: true }]}
      />
    </div>
  );
}
