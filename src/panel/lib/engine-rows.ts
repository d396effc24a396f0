import type { ThroughputMeter } from './throughput.ts';
import type { Engine, EngineHealth, EngineStats } from './wire.ts';

/** A row of the engine table. Null stands for a value that is not available. */
export interface EngineRow {
  engine: Engine;
  /** Percent; 100 is one core. */
  cpu: number | null;
  /** Bytes. */
  memory: number | null;
  /** Bytes per second, as is `tx`. */
  rx: number | null;
  tx: number | null;
  streams: number;
  /** Whether its usage is the latest that has arrived, because its node has sent no newer one. */
  stale: boolean;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** Column to sort by. */
export type SortColumn =
  | 'name'
  | 'health'
  | 'port'
  | 'cpu'
  | 'memory'
  | 'network'
  | 'streams'
  | 'vpn'
  | 'node'
  | 'age';

/** Sort order of the engine table. */
export interface Sorting {
  column: SortColumn;
  descending: boolean;
}

/** Filter of the engine table. An engine has to match every field. */
export interface EngineFilter {
  /** Part of a name, an ID or `label=value`; case-insensitive. */
  text: string;
  health: EngineHealth | '';
  /** Name of a VPN container; `-` for engines without a VPN. Empty for all. */
  vpn: string;
  /** ID of a node. Empty for all. */
  node: string;
}

/** Matches every engine. */
export const NO_FILTER: EngineFilter = { text: '', health: '', vpn: '', node: '' };

/** Combines engines with their statistics and throughput. `stats` is keyed by container ID. */
export function toRows(
  engines: readonly Engine[],
  stats: Readonly<Record<string, EngineStats>>,
  throughput: Pick<ThroughputMeter, 'ofEngine'>,
): EngineRow[] {
  return engines.map((engine) => {
    const usage = stats[engine.container_id];
    // The counters of a host network are not those of the engine.
    const ownNetwork = usage !== undefined && usage.network_scope !== 'host';
    const { rx, tx } = throughput.ofEngine(engine.container_id);
    return {
      engine,
      cpu: usage?.cpu_percent ?? null,
      memory: usage?.memory_usage ?? null,
      rx: ownNetwork ? rx : null,
      tx: ownNetwork ? tx : null,
      streams: engine.streams.length,
      stale: usage?.stale ?? false,
      startedAt: Date.parse(engine.started_at ?? engine.first_seen),
    };
  });
}

/** Returns the rows that match a filter. */
export function filterRows(
  rows: readonly EngineRow[],
  { text, health, vpn, node }: EngineFilter,
): EngineRow[] {
  const search = text.trim().toLowerCase();
  return rows.filter(({ engine }) => {
    if (health !== '' && engine.health_status !== health) return false;
    if (node !== '' && engine.node?.id !== node) return false;
    if (vpn !== '' && (engine.vpn_container ?? '-') !== vpn) return false;
    return search === '' || textsOf(engine).some((part) => part.toLowerCase().includes(search));
  });
}

/** Returns a sorted copy. Null values come last in either direction, and equal rows are sorted by port. */
export function sortRows(rows: readonly EngineRow[], { column, descending }: Sorting): EngineRow[] {
  const value = VALUES[column];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'string' || typeof y === 'string' ? compareTexts(`${x}`, `${y}`) : x - y;
    return (descending ? -order : order) || a.engine.port - b.engine.port;
  });
}

/** Names of the VPN containers of these engines, for the filter; `-` for engines without a VPN. */
export function vpnsOf(engines: readonly Engine[]): string[] {
  const names = engines.map(({ vpn_container }) => vpn_container ?? '-');
  return [...new Set(names)].sort(compareTexts);
}

/** Nodes to choose from, with their names; those that share a name also have a part of their ID. */
export function nodeChoices(nodes: readonly { id: string; name: string }[]): { id: string; text: string }[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const names = Map.groupBy(byId.values(), ({ name }) => name);
  return [...byId.values()]
    .map(({ id, name }) => ({ id, text: names.get(name)!.length > 1 ? `${name} (${id.slice(0, 8)})` : name }))
    .sort((a, b) => compareTexts(a.text, b.text));
}

const HEALTH_STATES = ['healthy', 'unhealthy', 'unknown'] as const;
const DEFAULT_COLUMN: SortColumn = 'port';

/** The filter in the parameters of the URL. */
export function filterOf(parameters: URLSearchParams): EngineFilter {
  const health = HEALTH_STATES.find((state) => state === parameters.get('health'));
  return {
    text: parameters.get('q') ?? '',
    health: health ?? '',
    vpn: parameters.get('vpn') ?? '',
    node: parameters.get('node') ?? '',
  };
}

/** The parameters of the URL for a filter. */
export function filterParameters({ text, health, vpn, node }: EngineFilter): Record<string, string> {
  return { q: text, health, vpn, node };
}

/** The sort order in the parameters of the URL: a column, with `-` before it for descending. */
export function sortingOf(parameters: URLSearchParams): Sorting {
  const [, sign, name] = /^(-?)(\w+)$/.exec(parameters.get('sort') ?? '') ?? [];
  const column = SORT_COLUMNS.find((known) => known === name);
  return { column: column ?? DEFAULT_COLUMN, descending: column !== undefined && sign === '-' };
}

/** The parameter of the URL for a sort order; empty for the default. */
export function sortParameter({ column, descending }: Sorting): string {
  if (column === DEFAULT_COLUMN && !descending) return '';
  return `${descending ? '-' : ''}${column}`;
}

const VALUES: Record<SortColumn, (row: EngineRow) => string | number | null> = {
  name: ({ engine }) => engine.container_name,
  // Engines that need attention come first.
  health: ({ engine }) => ['unhealthy', 'unknown', 'healthy'].indexOf(engine.health_status),
  port: ({ engine }) => engine.port,
  cpu: ({ cpu }) => cpu,
  memory: ({ memory }) => memory,
  network: ({ rx, tx }) => (rx === null || tx === null ? null : rx + tx),
  streams: ({ streams }) => streams,
  vpn: ({ engine }) => engine.vpn_container,
  node: ({ engine }) => engine.node?.name ?? null,
  age: ({ startedAt }) => -startedAt,
};

const SORT_COLUMNS = Object.keys(VALUES) as SortColumn[];

function textsOf({ container_name, container_id, labels }: Engine): string[] {
  return [container_name, container_id, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)];
}

function compareTexts(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
