import uPlot from 'uplot';
import { locale } from '../lib/i18n.ts';
import type { Column } from '../lib/series.ts';
import { themeChanges } from '../theme.ts';

/** A line of a chart. */
export interface PlotSeries {
  column: Column;
  /** CSS custom property that holds the colour. */
  color: string;
  /** Whether the area below the line is filled. */
  filled?: boolean;
}

/** Options of a chart. */
export interface PlotOptions {
  format: (value: number) => string;
  /** Minimum upper end of the value axis, so that noise near zero does not look like load. */
  minScale: number;
  /** Called with the index of the point under the pointer, or null. */
  onPoint: (index: number | null) => void;
}

const HEIGHT = 150;
const AXIS_WIDTH = 62;
/** Synchronizes the cursors of charts with the same time axis. */
const CURSOR_SYNC = uPlot.sync('times');

/** A line chart on a canvas. Adapts to the width of its element and to the theme. */
export class Plot {
  readonly #chart: uPlot;
  readonly #observer: ResizeObserver;
  readonly #redraw = () => this.#chart.redraw(false);
  #range: [number, number] = [0, 1];

  constructor(element: HTMLElement, series: readonly PlotSeries[], options: PlotOptions) {
    const axis = { stroke: () => color('--muted'), font: '11px system-ui, sans-serif' };
    const grid = { stroke: () => color('--grid'), width: 1 };
    this.#chart = new uPlot(
      {
        width: Math.max(1, element.clientWidth),
        height: HEIGHT,
        // Leaves space for half a label at the end of the time axis.
        padding: [8, 18, 0, 0],
        legend: { show: false },
        cursor: {
          sync: { key: CURSOR_SYNC.key },
          drag: { x: false, y: false },
          y: false,
          points: { size: 7 },
        },
        scales: {
          x: { range: () => this.#range },
          y: { range: (_chart, _min, max) => [0, Math.max(options.minScale, (max ?? 0) * 1.12)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            ticks: { show: false },
            size: 28,
            gap: 9,
            space: 48,
            values: clockTimes,
          },
          {
            ...axis,
            grid,
            ticks: { show: false },
            size: AXIS_WIDTH,
            gap: 6,
            space: 34,
            values: (_chart, splits) => splits.map((value) => options.format(value).replace(/\.0+(?= )/, '')),
          },
        ],
        series: [{}, ...series.map(toSeries)],
        hooks: { setCursor: [({ cursor }) => options.onPoint(cursor.idx ?? null)] },
      },
      undefined,
      element,
    );
    this.#observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) this.#chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    this.#observer.observe(element);
    themeChanges.addEventListener('change', this.#redraw);
  }

  /** @param range first and last time of the axis in seconds, which may be wider than the data */
  show(times: number[], columns: readonly Column[], range: [number, number]): void {
    this.#range = range;
    this.#chart.setData([times, ...columns] as uPlot.AlignedData);
  }

  destroy(): void {
    themeChanges.removeEventListener('change', this.#redraw);
    this.#observer.disconnect();
    this.#chart.destroy();
  }
}

function toSeries({ color: name, filled = false }: PlotSeries): uPlot.Series {
  return {
    stroke: () => color(name),
    width: 1.75,
    points: { show: false },
    ...(filled && { fill: () => `color-mix(in srgb, ${color(name)} 14%, transparent)` }),
  };
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

function clockTimes(_chart: uPlot, splits: number[]): string[] {
  const format = { hour: '2-digit', minute: '2-digit', hour12: false } as const;
  return splits.map((seconds) => new Date(seconds * 1000).toLocaleTimeString(locale(), format));
}
