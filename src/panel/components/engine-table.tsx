import { useState } from 'preact/hooks';
import { type EngineRow, type SortColumn, type Sorting, sortRows } from '../lib/engine-rows.ts';
import { formatBytes, formatCount, formatPercent, formatRate, UNKNOWN } from '../lib/format.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine } from '../lib/wire.ts';
import { HealthBadge } from './badge.tsx';
import { Icon } from './icon.tsx';
import { Since } from './time.tsx';

const COLUMNS: { column: SortColumn; text: string; number?: boolean; wide?: boolean }[] = [
  { column: 'name', text: 'Engine' },
  { column: 'health', text: 'Health' },
  { column: 'port', text: 'Port', number: true },
  { column: 'cpu', text: 'CPU', number: true },
  { column: 'memory', text: 'Memory', number: true },
  { column: 'network', text: 'Network', number: true },
  { column: 'streams', text: 'Streams', number: true },
  { column: 'vpn', text: 'VPN' },
  { column: 'age', text: 'Age', number: true },
];

interface EngineTableProps {
  rows: readonly EngineRow[];
  onDelete: (engine: Engine) => void;
}

/** The engines, sortable by any column. */
export function EngineTable({ rows, onDelete }: EngineTableProps) {
  const [sorting, setSorting] = useState<Sorting>({ column: 'port', descending: false });
  return (
    <div class="scroller">
      <table class="engines">
        <thead>
          <tr>
            {COLUMNS.map(({ column, text, number }) => (
              <th
                key={column}
                scope="col"
                class={number ? 'number' : ''}
                aria-sort={
                  sorting.column === column ? (sorting.descending ? 'descending' : 'ascending') : undefined
                }
              >
                <button
                  type="button"
                  class="sort"
                  onClick={() =>
                    setSorting({ column, descending: sorting.column === column && !sorting.descending })
                  }
                >
                  {text}
                  <Icon name={sorting.column === column && sorting.descending ? 'down' : 'up'} />
                </button>
              </th>
            ))}
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sortRows(rows, sorting).map((row) => (
            <Row key={row.engine.container_id} row={row} onDelete={onDelete} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, onDelete }: { row: EngineRow; onDelete: (engine: Engine) => void }) {
  const { engine, cpu, memory, rx, tx, streams, startedAt } = row;
  const { container_id, container_name, health_status, paused, port, vpn_container, forwarded } = engine;
  return (
    <tr>
      <th scope="row">
        <a href={engineHref(container_id)} title={container_name}>
          {container_name}
        </a>
        {forwarded && (
          <span class="tag" title="Uses the forwarded port of the VPN">
            forwarded
          </span>
        )}
      </th>
      <td data-label="Health">
        <HealthBadge health={health_status} paused={paused} />
      </td>
      <td class="number" data-label="Port">
        {port}
      </td>
      <td class="number" data-label="CPU">
        {formatPercent(cpu)}
      </td>
      <td class="number" data-label="Memory">
        {formatBytes(memory)}
      </td>
      <td class="number flow" data-label="Network">
        {rx === null && tx === null ? (
          <span title="Not available: the engine shares its network, or it has not been measured yet">
            {UNKNOWN}
          </span>
        ) : (
          <>
            <span title="Received">↓ {formatRate(rx)}</span> <span title="Sent">↑ {formatRate(tx)}</span>
          </>
        )}
      </td>
      <td class="number" data-label="Streams">
        {formatCount(streams)}
      </td>
      <td data-label="VPN">{vpn_container ?? <span class="muted">None</span>}</td>
      <td class="number" data-label="Age">
        <Since at={startedAt} />
      </td>
      <td class="row-end">
        <button
          type="button"
          class="icon-button"
          title={`Delete ${container_name}`}
          onClick={() => onDelete(engine)}
        >
          <Icon name="trash" />
          <span class="hidden">Delete {container_name}</span>
        </button>
      </td>
    </tr>
  );
}
