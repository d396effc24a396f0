import { useEffect, useRef, useState } from 'preact/hooks';
import { formatTime } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Polled } from '../lib/poller.ts';
import { type Column, latest } from '../lib/series.ts';
import { DataAge } from './card.tsx';
import { Plot } from './plot.ts';
import 'uplot/dist/uPlot.min.css';

/** Values over time; each column has one for each time. */
interface Series {
  from: number;
  to: number;
  t: number[];
}

/** Names of the columns of a series. */
type ColumnOf<S> = { [Name in keyof S]: S[Name] extends Column ? Name : never }[keyof S];

/** One line of a chart. */
export interface Line<S> {
  name: string;
  /** A column of the series, or a function that computes one. */
  values: ColumnOf<S> | ((series: S) => Column);
  /** CSS custom property that holds the colour. */
  color: string;
  filled?: boolean;
  /** The current value, if there is a more recent one than the last of the series. */
  current?: number | null | undefined;
}

interface ChartProps<S> {
  title: string;
  series: Polled<S>;
  lines: Line<S>[];
  format: (value: number | null) => string;
  /** Minimum upper end of the value axis. */
  minScale: number;
  /** Why there is no data, if it is known. */
  emptyText?: string | undefined;
}

/** A chart with the current values in its title, or those of the point under the pointer. */
export function Chart<S extends Series>({
  title,
  series,
  lines,
  format,
  minScale,
  emptyText,
}: ChartProps<S>) {
  const { value: data } = series;
  const [point, setPoint] = useState<number | null>(null);
  const columns = data
    ? lines.map(({ values }) => (typeof values === 'function' ? values(data) : (data[values] as Column)))
    : [];
  const at = point === null ? undefined : data?.t[point];
  const legend = lines.map(({ name, color, current }, index) => {
    const column = columns[index] ?? [];
    const now = current === undefined ? latest(column) : current;
    return { name, color, value: at === undefined ? now : (column[point!] ?? null), column };
  });
  const stale = data !== null && series.error !== null;
  return (
    <figure class={`card chart ${stale ? 'stale' : ''}`}>
      <figcaption class="chart-head">
        <h3>{title}</h3>
        <span class="chart-when">
          {at === undefined ? stale && <DataAge from={series} /> : formatTime(at * 1000, Date.now())}
        </span>
        <dl>
          {legend.map(({ name, color, value }) => (
            <div key={name}>
              <dt>
                <span class={`swatch swatch${color}`} />
                {name}
              </dt>
              <dd>{format(value)}</dd>
            </div>
          ))}
        </dl>
      </figcaption>
      <Canvas
        {...{ series, lines, columns, format, minScale, emptyText }}
        label={`${title}. ${legend.map(({ name, column }) => describe(name, column, format)).join('; ')}`}
        onPoint={setPoint}
      />
    </figure>
  );
}

interface CanvasProps<S> extends Omit<ChartProps<S>, 'title'> {
  columns: Column[];
  label: string;
  onPoint: (index: number | null) => void;
}

function Canvas<S extends Series>({
  series,
  lines,
  columns,
  format,
  minScale,
  emptyText,
  label,
  onPoint,
}: CanvasProps<S>) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const { value: data, error } = series;
  useEffect(() => {
    const plotSeries = lines.map(({ color, filled = false }) => ({ column: [], color, filled }));
    plot.current = new Plot(element.current!, plotSeries, { format, minScale, onPoint });
    return () => plot.current?.destroy();
  }, []);
  useEffect(() => {
    if (data) plot.current?.show(data.t, columns, [data.from, data.to]);
  }, [data]);
  return (
    <div class="chart-area">
      <div ref={element} role="img" aria-label={label} />
      {data === null && <p class="chart-pending">{error ? error.message : t('Loading …')}</p>}
      {data !== null && columns.every((column) => latest(column) === null) && (
        <p class="chart-pending">{emptyText ?? t('No data in this time range')}</p>
      )}
    </div>
  );
}

/** Text alternative of a line, for screen readers. */
function describe(name: string, column: Column, format: (value: number | null) => string): string {
  const values = column.filter((value) => value !== null);
  if (values.length === 0) return `${name}: ${t('no data')}`;
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const range = t('between {min} and {max}', { min: format(min), max: format(max) });
  return `${name}: ${format(latest(column))}, ${range}`;
}
