import { EmptyState } from '../card.tsx';

/** A row of a {@link FigureTable}. */
export interface FigureRow {
  name: string;
  /** Shown below the name. */
  note?: string;
  /** In the order of the columns. */
  figures: readonly string[];
}

interface FigureTableProps {
  /** Heading of the names, followed by those of the figures. */
  columns: readonly [string, ...string[]];
  rows: readonly FigureRow[];
  /** Shown if there are no rows. */
  empty: string;
  emptyHint?: string;
}

/** A table with a name and figures in each row. Names may be long, such as URLs. */
export function FigureTable({ columns: [first, ...others], rows, empty, emptyHint }: FigureTableProps) {
  if (rows.length === 0) return <EmptyState title={empty}>{emptyHint && <p>{emptyHint}</p>}</EmptyState>;
  return (
    <div class="scroller">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {others.map((text) => (
              <th key={text} scope="col" class="number">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, note, figures }) => (
            <tr key={name}>
              <th scope="row" class="mono clip" title={name}>
                {name}
                {note && <span class="note">{note}</span>}
              </th>
              {figures.map((figure, index) => (
                <td key={others[index]} class="number">
                  {figure}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
