import { type EngineRow, type SortColumn, type Sorting, sortRows } from '../lib/engine-rows.ts';
import { formatBytes, formatCount, formatPercent, formatRate, UNKNOWN } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { enginesOfNodeHref } from '../lib/nodes.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine } from '../lib/wire.ts';
import { HealthBadge } from './badge.tsx';
import { Icon } from './icon.tsx';
import { type Column, SortableHead } from './sortable-head.tsx';
import { Since } from './time.tsx';

function columns(hasNodes: boolean): Column<SortColumn>[] {
  return [
    { column: 'name', text: t('Engine') },
    { column: 'health', text: t('Health') },
    { column: 'port', text: t('Port'), number: true },
    { column: 'cpu', text: t('CPU'), number: true },
    { column: 'memory', text: t('Memory'), number: true },
    { column: 'network', text: t('Network'), number: true },
    { column: 'streams', text: t('Streams'), number: true },
    hasNodes ? { column: 'node', text: t('Node') } : { column: 'vpn', text: t('VPN') },
    { column: 'age', text: t('Age'), number: true },
  ];
}

interface EngineTableProps {
  rows: readonly EngineRow[];
  /** Whether engines run on the nodes of a Swarm, which has no VPNs. */
  hasNodes: boolean;
  sorting: Sorting;
  /** IDs of the selected engines. */
  selected: ReadonlySet<string>;
  onSort: (sorting: Sorting) => void;
  onSelect: (ids: ReadonlySet<string>) => void;
  onRestart: (engine: Engine) => void;
  onDelete: (engine: Engine) => void;
}

/** The engines, sortable by any column and selectable. */
export function EngineTable(props: EngineTableProps) {
  const { rows, hasNodes, sorting, selected, onSort, onSelect, ...actions } = props;
  const ids = rows.map(({ engine }) => engine.container_id);
  const all = ids.length > 0 && ids.every((id) => selected.has(id));
  const toggle = (id: string) =>
    onSelect(new Set(selected.has(id) ? without(selected, id) : [...selected, id]));
  return (
    <div class="scroller sticky">
      <table class="cards engines">
        <SortableHead
          columns={columns(hasNodes)}
          sorting={sorting}
          onSort={onSort}
          first={
            <th scope="col" class="select">
              <input
                type="checkbox"
                aria-label={t('Select all')}
                checked={all}
                onChange={() => onSelect(new Set(all ? [] : ids))}
              />
            </th>
          }
        />
        <tbody>
          {sortRows(rows, sorting).map((row) => (
            <Row
              key={row.engine.container_id}
              row={row}
              hasNodes={hasNodes}
              isSelected={selected.has(row.engine.container_id)}
              onToggle={() => toggle(row.engine.container_id)}
              {...actions}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function without(selected: ReadonlySet<string>, id: string): string[] {
  return [...selected].filter((other) => other !== id);
}

interface RowProps extends Pick<EngineTableProps, 'hasNodes' | 'onRestart' | 'onDelete'> {
  row: EngineRow;
  isSelected: boolean;
  onToggle: () => void;
}

function Row({ row, hasNodes, isSelected, onToggle, onRestart, onDelete }: RowProps) {
  const { engine, cpu, memory, rx, tx, streams, stale, startedAt } = row;
  const figure = stale
    ? {
        class: 'number stale-figure',
        title: t('Latest figures: the agent of its node has sent no newer ones'),
      }
    : { class: 'number' };
  const {
    container_id,
    container_name: name,
    health_status,
    paused,
    port,
    node,
    vpn_container,
    forwarded,
  } = engine;
  return (
    <tr class={isSelected ? 'selected' : ''}>
      <td class="select">
        <input
          type="checkbox"
          aria-label={t('Select {name}', { name })}
          checked={isSelected}
          onChange={onToggle}
        />
      </td>
      <th scope="row" class="title">
        <a href={engineHref(container_id)} title={name}>
          {name}
        </a>
        {forwarded && (
          <span class="tag" title={t('Uses the forwarded port of the VPN')}>
            {t('forwarded')}
          </span>
        )}
      </th>
      <td class="health" data-label={t('Health')}>
        <HealthBadge health={health_status} paused={paused} />
      </td>
      <td class="number" data-label={t('Port')}>
        {port}
      </td>
      <td {...figure} data-label={t('CPU')}>
        {formatPercent(cpu)}
      </td>
      <td {...figure} data-label={t('Memory')}>
        {formatBytes(memory)}
      </td>
      <td class="number flow" data-label={t('Network')}>
        {rx === null && tx === null ? (
          <span title={t('Not available: the engine shares its network, or it has not been measured yet')}>
            {UNKNOWN}
          </span>
        ) : (
          <>
            <span title={t('Received')}>↓ {formatRate(rx)}</span>{' '}
            <span title={t('Sent')}>↑ {formatRate(tx)}</span>
          </>
        )}
      </td>
      <td class="number" data-label={t('Streams')}>
        {formatCount(streams)}
      </td>
      {hasNodes ? (
        <td data-label={t('Node')}>{node && <a href={enginesOfNodeHref(node.id)}>{node.name}</a>}</td>
      ) : (
        <td data-label={t('VPN')}>{vpn_container ?? <span class="muted">{t('None')}</span>}</td>
      )}
      <td class="number" data-label={t('Age')}>
        <Since at={startedAt} />
      </td>
      <td class="row-end">
        <Action icon="restart" text={t('Restart {name}', { name })} onClick={() => onRestart(engine)} />
        <Action icon="trash" text={t('Delete {name}', { name })} onClick={() => onDelete(engine)} />
      </td>
    </tr>
  );
}

function Action({ icon, text, onClick }: { icon: 'restart' | 'trash'; text: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" title={text} onClick={onClick}>
      <Icon name={icon} />
      <span class="hidden">{text}</span>
    </button>
  );
}
