import uPlot from 'uplot';
import type { Column } from '../lib/history.ts';
import { themeChanges } from '../theme.ts';

export interface PlotSeries {
  column: Column;
  /** Custom property of the style sheet that holds the colour. */
  color: string;
  /** Whether the area below is filled. */
  filled?: boolean;
}

export interface PlotOptions {
  format: (value: number) => string;
  /** The scale reaches at least so far, so that noise near zero does not look like work. */
  least: number;
  /** Told the index under the pointer, or null. */
  onPoint: (index: number | null) => void;
}

const HEIGHT = 150;
const AXIS_WIDTH = 62;
/** Charts that show the same times move their pointers together. */
const TOGETHER = uPlot.sync('times');

/** One chart on a canvas; it follows its element's width and the theme. */
export class Plot {
  readonly #chart: uPlot;
  readonly #observer: ResizeObserver;
  readonly #redraw = () => this.#chart.redraw(false);
  #span: [number, number] = [0, 1];

  constructor(element: HTMLElement, series: readonly PlotSeries[], options: PlotOptions) {
    const axis = { stroke: () => color('--muted'), font: '11px system-ui, sans-serif' };
    const grid = { stroke: () => color('--grid'), width: 1 };
    this.#chart = new uPlot(
      {
        width: Math.max(1, element.clientWidth),
        height: HEIGHT,
        // Half a label of the time axis fits beside the last figure.
        padding: [8, 18, 0, 0],
        legend: { show: false },
        cursor: {
          sync: { key: TOGETHER.key },
          drag: { x: false, y: false },
          y: false,
          points: { size: 7 },
        },
        scales: {
          x: { range: () => this.#span },
          y: { range: (_chart, _min, max) => [0, Math.max(options.least, (max ?? 0) * 1.12)] },
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

  /** @param span first and last time of the axis, in seconds, whether or not there are figures for all of it */
  show(times: number[], columns: readonly Column[], span: [number, number]): void {
    this.#span = span;
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
  return splits.map((seconds) => new Date(seconds * 1000).toLocaleTimeString(undefined, format));
}
