import { Type } from 'typebox';
import { COLUMN_NAMES, type ColumnName } from '../../time-series/columns.ts';
import { Nullable } from './common.ts';

export const DEFAULT_WINDOW_S = 300;

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

const Figures = Type.Array(Nullable(Type.Number({ minimum: 0 })));
const columns = Object.fromEntries(COLUMN_NAMES.map((column) => [column, Figures])) as Record<
  ColumnName,
  typeof Figures
>;

export const SeriesWindowSchema = Type.Object(
  {
    interval_s: Type.Number({ minimum: 1, description: 'Length of one interval, seconds' }),
    from: Type.Number({ description: 'Seconds since the epoch' }),
    to: Type.Number({ description: 'Seconds since the epoch' }),
    t: Type.Array(Type.Number(), {
      maxItems: 400,
      description: 'Beginning of each interval, seconds since the epoch',
    }),
    ...columns,
  },
  {
    description:
      'A figure for each interval in `t`, null where none is known. CPU: percent, 100 is one core; memory: bytes; rates: bytes per second; `cache_*`: counted within the interval',
  },
);
