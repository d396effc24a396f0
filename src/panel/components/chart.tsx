import { useEffect, useRef, useState } from 'preact/hooks';
import { formatTime } from '../lib/format.ts';
import { type Column, type Figure, type History, latest } from '../lib/history.ts';
import type { Polled } from '../lib/poller.ts';
import { AsOf } from './card.tsx';
import { Plot } from './plot.ts';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  name: string;
  /** A column of the history, or what is made of it. */
  of: Figure | ((history: History) => Column);
  /** Custom property of the style sheet that holds the colour. */
  color: string;
  filled?: boolean;
  /** What it is at this moment, where that is known better than from the history. */
  now?: number | null;
}

interface ChartProps {
  title: string;
  history: Polled<History>;
  lines: Line[];
  format: (value: number | null) => string;
  /** The scale reaches at least so far. */
  least: number;
}

/** Figures over time, with the latest in words; those under the pointer while there is one. */
export function Chart({ title, history, lines, format, least }: ChartProps) {
  const { value: past } = history;
  const [point, setPoint] = useState<number | null>(null);
  const columns = past ? lines.map(({ of }) => (typeof of === 'function' ? of(past) : past[of])) : [];
  const at = point === null ? undefined : past?.t[point];
  const figures = lines.map(({ name, color, now }, index) => {
    const column = columns[index] ?? [];
    const current = now === undefined ? latest(column) : now;
    return { name, color, value: at === undefined ? current : (column[point!] ?? null), column };
  });
  const old = past !== null && history.error !== null;
  return (
    <figure class={`card chart ${old ? 'old' : ''}`}>
      <figcaption class="chart-head">
        <h3>{title}</h3>
        <span class="chart-when">
          {at === undefined ? old && <AsOf from={history} /> : formatTime(at * 1000, Date.now())}
        </span>
        <dl>
          {figures.map(({ name, color, value }) => (
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
        {...{ history, lines, columns, format, least }}
        label={`${title}. ${figures.map(({ name, column }) => describe(name, column, format)).join('; ')}`}
        onPoint={setPoint}
      />
    </figure>
  );
}

interface CanvasProps extends Omit<ChartProps, 'title'> {
  columns: Column[];
  label: string;
  onPoint: (index: number | null) => void;
}

function Canvas({ history, lines, columns, format, least, label, onPoint }: CanvasProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const { value: past, error } = history;
  useEffect(() => {
    const series = lines.map(({ color, filled = false }) => ({ column: [], color, filled }));
    plot.current = new Plot(element.current!, series, { format, least, onPoint });
    return () => plot.current?.destroy();
  }, []);
  useEffect(() => {
    if (past) plot.current?.show(past.t, columns, [past.from, past.to]);
  }, [past]);
  return (
    <div class="chart-area">
      <div ref={element} role="img" aria-label={label} />
      {past === null && <p class="chart-pending">{error ? error.message : 'Reading …'}</p>}
      {past !== null && columns.every((column) => latest(column) === null) && (
        <p class="chart-pending">Nothing was measured in this time</p>
      )}
    </div>
  );
}

function describe(name: string, column: Column, format: (value: number | null) => string): string {
  const known = column.filter((value) => value !== null);
  if (known.length === 0) return `${name}: not known yet`;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return `${name}: ${format(latest(column))}, between ${format(least)} and ${format(most)}`;
}
