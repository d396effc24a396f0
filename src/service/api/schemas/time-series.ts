import { Type } from 'typebox';
import { COLUMN_NAMES, type ColumnName } from '../../time-series/columns.ts';
import type { EngineWindow } from '../../time-series/engine-series.ts';
import { Nullable } from './common.ts';

/** Default of `window_s`. */
export const DEFAULT_WINDOW_S = 300;

/** Query of `GET /stats/history`. */
export const SeriesWindowQuery = Type.Object({
  window_s: Type.Optional(
    Type.Integer({
      minimum: 300,
      maximum: 86_400,
      default: DEFAULT_WINDOW_S,
      description: 'Length of the window that ends now, in seconds',
    }),
  ),
});

const ColumnSchema = Type.Array(Nullable(Type.Number({ minimum: 0 })));
const columns = Object.fromEntries(COLUMN_NAMES.map((name) => [name, ColumnSchema])) as Record<
  ColumnName,
  typeof ColumnSchema
>;

/** The intervals of a series. */
export const SeriesTimes = {
  interval_s: Type.Number({ minimum: 1, description: 'Length of an interval, in seconds' }),
  from: Type.Number({ description: 'Seconds since the epoch' }),
  to: Type.Number({ description: 'Seconds since the epoch' }),
  t: Type.Array(Type.Number(), {
    maxItems: 400,
    description: 'Start of each interval, in seconds since the epoch',
  }),
};

/** `GET /stats/history`. */
export const SeriesWindowSchema = Type.Object(
  { ...SeriesTimes, ...columns },
  {
    title: 'SeriesWindow',
    description:
      'Each column has one value per interval in `t`, null if unknown. CPU: percent, 100 is one core. Memory: bytes. Rates: bytes per second. `cache_*`: counted within the interval.',
  },
);

/** `GET /stats/history/{id}`. */
export const EngineSeriesSchema = Type.Object(
  {
    ...SeriesTimes,
    cpu_percent: ColumnSchema,
    memory_usage: ColumnSchema,
    network_rx_rate: ColumnSchema,
    network_tx_rate: ColumnSchema,
    streams_active: ColumnSchema,
  } satisfies Record<keyof EngineWindow, unknown>,
  {
    title: 'EngineSeriesWindow',
    description:
      'As `SeriesWindow`, for one engine. It is kept in memory, from the start of the service or of the engine.',
  },
);
