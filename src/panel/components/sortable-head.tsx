import type { ComponentChildren } from 'preact';
import { t } from '../lib/i18n.ts';
import { Icon } from './icon.tsx';

/** A column of a table that can be sorted. */
export interface Column<C extends string> {
  column: C;
  text: string;
  /** Whether it has figures, which are aligned to the right. */
  number?: boolean;
}

interface SortableHeadProps<C extends string> {
  columns: readonly Column<C>[];
  sorting: { column: C; descending: boolean };
  onSort: (sorting: { column: C; descending: boolean }) => void;
  /** Cell before the columns, such as a checkbox. */
  first?: ComponentChildren;
  /** Whether a column of buttons follows. */
  hasActions?: boolean;
}

/** Headings that sort the table. */
export function SortableHead<C extends string>({
  columns,
  sorting,
  onSort,
  first,
  hasActions = true,
}: SortableHeadProps<C>) {
  return (
    <thead>
      <tr>
        {first}
        {columns.map(({ column, text, number }) => {
          const isSorted = sorting.column === column;
          return (
            <th
              key={column}
              scope="col"
              class={number ? 'number' : ''}
              aria-sort={isSorted ? (sorting.descending ? 'descending' : 'ascending') : undefined}
            >
              <button
                type="button"
                class="sort"
                onClick={() => onSort({ column, descending: isSorted && !sorting.descending })}
              >
                {text}
                <Icon name={isSorted && sorting.descending ? 'down' : 'up'} />
              </button>
            </th>
          );
        })}
        {hasActions && (
          <th scope="col">
            <span class="hidden">{t('Actions')}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}
