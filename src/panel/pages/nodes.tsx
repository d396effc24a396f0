import { Card, EmptyState, Loading } from '../components/card.tsx';
import { NodeTable } from '../components/node-table.tsx';
import { ProblemList } from '../components/problem-list.tsx';
import { useClient, useNodes, useParameters, usePolled, useProblems } from '../hooks.ts';
import { setParameters } from '../lib/address.ts';
import { formatBytes, formatCount, formatNumber, plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { type NodeRow, nodeSortingOf, nodeSortParameter, sortNodeRows, toNodeRows } from '../lib/nodes.ts';

const PROBLEMS = new Set(['runtime', 'managers', 'nodes', 'agents']);

/** The nodes of a Swarm with their engines, load and agents. */
export function NodesPage() {
  const { resources } = useClient();
  const nodes = useNodes();
  const engines = usePolled(resources.engines);
  const stats = usePolled(resources.statsAll);
  const problems = useProblems()
    .filter(({ id }) => PROBLEMS.has(id))
    .map((problem) => ({ ...problem, href: null }));
  const parameters = useParameters();
  const sorting = nodeSortingOf(parameters);
  const rows = toNodeRows(nodes.value ?? [], engines.value ?? [], stats.value ?? {});
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Nodes')}</h1>
      </div>
      {problems.length > 0 && (
        <section class="card node-problems" aria-label={t('Problems of nodes')}>
          <ProblemList problems={problems} />
        </section>
      )}
      {rows.length > 0 && <Totals rows={rows} />}
      <Card title={plural(rows.length, 'node')} from={nodes} class="node-list">
        {nodes.value === null ? (
          <Loading from={nodes} />
        ) : rows.length === 0 ? (
          <EmptyState title={t('Engines run on one machine')}>
            <p>{t('With ENGINE_RUNTIME=swarm, they run on the nodes of a Docker Swarm.')}</p>
          </EmptyState>
        ) : (
          <>
            <NodeTable
              rows={sortNodeRows(rows, sorting)}
              sorting={sorting}
              onSort={(changed) => setParameters({ sort: nodeSortParameter(changed) })}
            />
            {rows.every(({ node }) => node.agent === 'not_configured') && (
              <p class="hint">
                {t(
                  'There are no agents, so the usage of engines is not known. Deploy them, and set SWARM_AGENTS.',
                )}
              </p>
            )}
          </>
        )}
      </Card>
    </>
  );
}

function Totals({ rows }: { rows: readonly NodeRow[] }) {
  const sum = (value: (row: NodeRow) => number | null) =>
    rows.reduce<number | null>((total, row) => {
      const own = value(row);
      return total === null || own === null ? null : total + own;
    }, 0);
  const ready = rows.filter(({ node }) => node.state === 'ready' && node.availability === 'active');
  const cpu = sum((row) => row.cpu);
  const cores = sum(({ node }) => node.cpus);
  const tiles = [
    [t('Ready nodes'), t('{used} of {all}', { used: ready.length, all: rows.length })],
    [t('Engines'), formatCount(sum(({ engines }) => engines.length))],
    [t('Streams'), formatCount(sum(({ node }) => node.streams))],
    [
      t('Cores used by engines'),
      t('{used} of {all}', { used: formatNumber(cpu === null ? null : cpu / 100), all: formatNumber(cores) }),
    ],
    [
      t('Memory used by engines'),
      t('{used} of {all}', {
        used: formatBytes(sum((row) => row.memory)),
        all: formatBytes(sum(({ node }) => node.memory)),
      }),
    ],
  ];
  return (
    <section class="card tiles-card" aria-label={t('All nodes')}>
      <div class="card-body">
        <dl class="tiles">
          {tiles.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}
