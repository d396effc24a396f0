import { Type } from 'typebox';
import { COLUMN_NAMES, type ColumnName } from '../../time-series/columns.ts';
import { Nullable } from './common.ts';

export const DEFAULT_WINDOW_S = 300;

/** Numbers in a query are text: nothing is converted before the pattern has been checked. */
export const SeriesWindowQuery = Type.Object({
  window_s: Type.Optional(
    Type.String({
      pattern: '^([3-9]\\d{2}|[1-9]\\d{3}|[1-7]\\d{4}|8[0-5]\\d{3}|86[0-3]\\d{2}|86400)$',
      description: 'How far back, in seconds: 300 to 86400; 300 where it is not given',
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
