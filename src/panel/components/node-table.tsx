import { formatBytes, formatCount, formatNumber, UNKNOWN } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { enginesOfNodeHref, type NodeColumn, type NodeRow, type NodeSorting } from '../lib/nodes.ts';
import type { Engine, Node } from '../lib/wire.ts';
import { Bar } from './bar.tsx';
import { stateOf } from './engine-slots.tsx';
import { AgentBadge, NodeBadge } from './node-badges.tsx';
import { type Column, SortableHead } from './sortable-head.tsx';

/** More engines are a number. */
const MAX_DOTS = 24;

function columns(): Column<NodeColumn>[] {
  return [
    { column: 'name', text: t('Node') },
    { column: 'state', text: t('State') },
    { column: 'engines', text: t('Engines') },
    { column: 'streams', text: t('Streams'), number: true },
    { column: 'cpu', text: t('CPU of engines'), number: true },
    { column: 'memory', text: t('Memory of engines'), number: true },
    { column: 'load', text: t('Load'), number: true },
    { column: 'agent', text: t('Agent') },
  ];
}

interface NodeTableProps {
  rows: readonly NodeRow[];
  sorting: NodeSorting;
  onSort: (sorting: NodeSorting) => void;
}

/** The nodes of a Swarm, sortable by any column. */
export function NodeTable({ rows, sorting, onSort }: NodeTableProps) {
  return (
    <div class="scroller sticky">
      <table class="cards nodes">
        <SortableHead columns={columns()} sorting={sorting} onSort={onSort} hasActions={false} />
        <tbody>
          {rows.map((row) => (
            <Row key={row.node.id} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row: { node, engines, cpu, memory, stale } }: { row: NodeRow }) {
  const { cpus, memory_available: available } = node;
  const figures = stale ? t('Latest figures: its agent does not respond') : undefined;
  return (
    <tr>
      <th scope="row" class="title">
        <a href={enginesOfNodeHref(node.id)}>{node.name}</a>
        <Facts node={node} />
      </th>
      <td class="health" data-label={t('State')}>
        <NodeBadge node={node} />
      </td>
      <td data-label={t('Engines')}>
        <span class="node-engines">
          <span class="number">{formatCount(engines.length)}</span>
          <Dots engines={engines} />
        </span>
      </td>
      <td class="number" data-label={t('Streams')}>
        {formatCount(node.streams)}
      </td>
      <td class={`number ${stale ? 'stale-figure' : ''}`} data-label={t('CPU')} title={figures}>
        <Share
          value={cpu}
          max={cpus === null ? null : cpus * 100}
          text={
            cpus === null
              ? formatNumber(cpu === null ? null : cpu / 100)
              : t('{used} of {cores} cores', {
                  used: formatNumber(cpu === null ? null : cpu / 100),
                  cores: cpus,
                })
          }
        />
      </td>
      <td class={`number ${stale ? 'stale-figure' : ''}`} data-label={t('Memory')} title={figures}>
        <Share
          value={memory}
          max={node.memory}
          text={t('{used} of {all}', { used: formatBytes(memory), all: formatBytes(node.memory) })}
        />
      </td>
      <td
        class={`number ${node.agent === 'connected' ? '' : 'stale-figure'}`}
        data-label={t('Load')}
        title={t('Of the whole node, over a minute. Available memory: {bytes}', {
          bytes: formatBytes(available),
        })}
      >
        {formatNumber(node.load_average)}
      </td>
      <td class="health" data-label={t('Agent')}>
        <AgentBadge node={node} />
      </td>
    </tr>
  );
}

/** Address, role, version and labels in one line. */
function Facts({ node: { address, role, leader, docker_version, labels } }: { node: Node }) {
  const roles = leader ? t('Leader of the managers') : role === 'manager' ? t('Manager') : t('Worker');
  const tags = Object.entries(labels).map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  return (
    <span class="node-facts" title={docker_version === null ? '' : `Docker ${docker_version}`}>
      <span class="mono">{address}</span>
      <span>{roles}</span>
      {tags.map((tag) => (
        <span key={tag} class="mono">
          {tag}
        </span>
      ))}
    </span>
  );
}

function Dots({ engines }: { engines: readonly Engine[] }) {
  const more = engines.length - MAX_DOTS;
  return (
    <span class="node-dots" aria-hidden="true">
      {engines.slice(0, MAX_DOTS).map((engine) => (
        <span
          key={engine.container_id}
          class={`slot-swatch ${stateOf(engine)}`}
          title={engine.container_name}
        />
      ))}
      {more > 0 && <span class="muted">+{more}</span>}
    </span>
  );
}

/** A part of what the node has, as a bar and in words. */
function Share({ value, max, text }: { value: number | null; max: number | null; text: string }) {
  if (value === null) return <span title={t('Not known')}>{UNKNOWN}</span>;
  return (
    <span class="share">
      <span>{text}</span>
      {max !== null && <Bar value={value} max={max} />}
    </span>
  );
}
