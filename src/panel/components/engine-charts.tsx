import { useClient, usePolled, useStore } from '../hooks.ts';
import type { EngineRow } from '../lib/engine-rows.ts';
import { t } from '../lib/i18n.ts';
import type { Store } from '../lib/store.ts';
import { ResourceCharts, StreamsChart } from './resource-charts.tsx';

/** Usage of one engine over time. The current values are those of its row in the list. */
export function EngineCharts({ row, windowS }: { row: EngineRow; windowS: Store<number> }) {
  const { resources } = useClient();
  const series = usePolled(resources.engineSeries(row.engine.container_id, useStore(windowS)));
  const isMeasured = series.value?.memory_usage.some((value) => value !== null);
  return (
    <div class="charts engine-charts">
      <ResourceCharts
        series={series}
        current={row}
        emptyNetwork={
          isMeasured
            ? t('Not measured: the engine uses the network of this machine, whose traffic is not its own')
            : undefined
        }
      />
      <StreamsChart series={series} current={row.streams} />
    </div>
  );
}
