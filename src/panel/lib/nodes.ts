import { t } from './i18n.ts';
import type { Tone } from './status-summary.ts';
import type { Engine, EngineStats, Node } from './wire.ts';

/** A row of the table of nodes. Null stands for a value that is not available. */
export interface NodeRow {
  node: Node;
  engines: readonly Engine[];
  /** CPU time of its engines in percent; 100 is one core. */
  cpu: number | null;
  /** Memory of its engines, in bytes. */
  memory: number | null;
  /** Whether its figures are the latest that have arrived, because its agent does not respond. */
  stale: boolean;
}

/** Column to sort nodes by. */
export type NodeColumn = 'name' | 'state' | 'engines' | 'streams' | 'cpu' | 'memory' | 'load' | 'agent';

/** Sort order of the table of nodes. */
export interface NodeSorting {
  column: NodeColumn;
  descending: boolean;
}

const ABSENT = new Set(['lost', 'down', 'disconnected']);

/** Whether a node does not respond. */
export function isAbsent({ state }: Node): boolean {
  return ABSENT.has(state);
}

/** Whether a node that should run engines does not respond. A drained one may be switched off. */
export function isMissed(node: Node): boolean {
  return isAbsent(node) && node.availability !== 'drain';
}

/** Whether a node responds, but its agent does not. */
export function isSilent(node: Node): boolean {
  return !isAbsent(node) && (node.agent === 'unreachable' || node.agent === 'missing');
}

/** State of a node in words, with a tone. */
export function describeNode(node: Node): { tone: Tone; text: string; title: string } {
  if (node.availability === 'drain') {
    const text = isAbsent(node) ? t('Drained, off') : t('Drained');
    return { tone: 'idle', text, title: t('It runs no engines') };
  }
  switch (node.state) {
    case 'lost':
      return { tone: 'bad', text: t('Lost'), title: t('Neither its agent nor any of its engines responds') };
    case 'down':
      return { tone: 'bad', text: t('Down'), title: t('The managers of the Swarm report it as down') };
    case 'disconnected':
      return { tone: 'bad', text: t('Disconnected'), title: t('It has left the Swarm, or was shut down') };
    case 'ready':
      return node.availability === 'pause'
        ? { tone: 'warn', text: t('Paused'), title: t('Its engines keep running, and it gets no new ones') }
        : { tone: 'good', text: t('Ready'), title: t('It gets engines') };
    default:
      return { tone: 'idle', text: t('Unknown'), title: t('The managers have not reported its state yet') };
  }
}

/** Combines nodes with their engines and the usage of these. `stats` is keyed by container ID. */
export function toNodeRows(
  nodes: readonly Node[],
  engines: readonly Engine[],
  stats: Readonly<Record<string, EngineStats>>,
): NodeRow[] {
  const byNode = Map.groupBy(engines, ({ node }) => node?.id);
  return nodes.map((node) => {
    const own = byNode.get(node.id) ?? [];
    const usages = own.flatMap(({ container_id }) => stats[container_id] ?? []);
    // Without engines, nothing is used. Without figures, that is not known.
    const isKnown = usages.length > 0 || own.length === 0;
    const sum = (value: (usage: EngineStats) => number) =>
      isKnown ? usages.reduce((total, usage) => total + value(usage), 0) : null;
    return {
      node,
      engines: own,
      cpu: sum(({ cpu_percent }) => cpu_percent),
      memory: sum(({ memory_usage }) => memory_usage),
      stale: usages.some(({ stale }) => stale),
    };
  });
}

/** Returns a sorted copy. Null values come last in either direction, and equal rows are sorted by name. */
export function sortNodeRows(rows: readonly NodeRow[], { column, descending }: NodeSorting): NodeRow[] {
  const value = VALUES[column];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : byName(a, b);
    return (descending ? -order : order) || byName(a, b);
  });
}

const DEFAULT_COLUMN: NodeColumn = 'state';

/** The sort order in the parameters of the URL: a column, with `-` before it for descending. */
export function nodeSortingOf(parameters: URLSearchParams): NodeSorting {
  const [, sign, name] = /^(-?)(\w+)$/.exec(parameters.get('sort') ?? '') ?? [];
  const column = COLUMNS.find((known) => known === name);
  return { column: column ?? DEFAULT_COLUMN, descending: column !== undefined && sign === '-' };
}

/** The parameter of the URL for a sort order; empty for the default. */
export function nodeSortParameter({ column, descending }: NodeSorting): string {
  if (column === DEFAULT_COLUMN && !descending) return '';
  return `${descending ? '-' : ''}${column}`;
}

/** The page of the engines of a node. */
export function enginesOfNodeHref(id: string): string {
  return `#/engines?node=${encodeURIComponent(id)}`;
}

/** Nodes that need attention come first. */
function rankOf(node: Node): number {
  if (isMissed(node)) return 0;
  if (isSilent(node)) return 1;
  if (node.state !== 'ready' && node.availability !== 'drain') return 2;
  return { active: 3, pause: 4 }[node.availability] ?? 5;
}

const AGENTS = ['unreachable', 'missing', 'not_configured', 'connected'];

const VALUES: Record<NodeColumn, (row: NodeRow) => string | number | null> = {
  name: ({ node }) => node.name,
  state: ({ node }) => rankOf(node),
  engines: ({ engines }) => engines.length,
  streams: ({ node }) => node.streams,
  cpu: ({ cpu }) => cpu,
  memory: ({ memory }) => memory,
  load: ({ node }) => node.load_average,
  agent: ({ node }) => AGENTS.indexOf(node.agent),
};

const COLUMNS = Object.keys(VALUES) as NodeColumn[];

function byName({ node: a }: NodeRow, { node: b }: NodeRow): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true }) || (a.id < b.id ? -1 : 1);
}
