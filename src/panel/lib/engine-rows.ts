import type { Throughput } from './throughput.ts';
import type { Engine, EngineHealth, EngineStats } from './wire.ts';

/** An engine with its figures, as the table shows it; null is not known. */
export interface EngineRow {
  engine: Engine;
  cpu: number | null;
  memory: number | null;
  rx: number | null;
  tx: number | null;
  streams: number;
  /** Milliseconds since the epoch. */
  since: number;
}

export type SortColumn =
  | 'name'
  | 'health'
  | 'port'
  | 'cpu'
  | 'memory'
  | 'network'
  | 'streams'
  | 'vpn'
  | 'age';

export interface Sorting {
  column: SortColumn;
  descending: boolean;
}

export interface EngineFilter {
  /** Part of a name or of `label=value`, in any case. */
  text: string;
  health: EngineHealth | '';
  /** Name of a VPN's container; `-` for engines without one. */
  vpn: string;
}

export const NO_FILTER: EngineFilter = { text: '', health: '', vpn: '' };

export function toRows(
  engines: readonly Engine[],
  stats: Readonly<Record<string, EngineStats>>,
  throughput: Pick<Throughput, 'ofEngine'>,
): EngineRow[] {
  return engines.map((engine) => {
    const figures = stats[engine.container_id];
    const ownNetwork = figures !== undefined && figures.network_scope !== 'host';
    const { rx, tx } = throughput.ofEngine(engine.container_id);
    return {
      engine,
      cpu: figures?.cpu_percent ?? null,
      memory: figures?.memory_usage ?? null,
      rx: ownNetwork ? rx : null,
      tx: ownNetwork ? tx : null,
      streams: engine.streams.length,
      since: Date.parse(engine.started_at ?? engine.first_seen),
    };
  });
}

export function filterRows(rows: readonly EngineRow[], { text, health, vpn }: EngineFilter): EngineRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(({ engine }) => {
    if (health !== '' && engine.health_status !== health) return false;
    if (vpn !== '' && (engine.vpn_container ?? '-') !== vpn) return false;
    return wanted === '' || textsOf(engine).some((part) => part.toLowerCase().includes(wanted));
  });
}

/** Sorts a copy. What is not known comes last either way, and equals keep the order of their ports. */
export function sortRows(rows: readonly EngineRow[], { column, descending }: Sorting): EngineRow[] {
  const value = VALUES[column];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'string' || typeof y === 'string' ? compareTexts(`${x}`, `${y}`) : x - y;
    return (descending ? -order : order) || a.engine.port - b.engine.port;
  });
}

/** What can be chosen to filter by: the VPNs of these engines. */
export function vpnsOf(engines: readonly Engine[]): string[] {
  const names = engines.map(({ vpn_container }) => vpn_container ?? '-');
  return [...new Set(names)].sort(compareTexts);
}

const VALUES: Record<SortColumn, (row: EngineRow) => string | number | null> = {
  name: ({ engine }) => engine.container_name,
  // What needs a look comes first.
  health: ({ engine }) => ['unhealthy', 'unknown', 'healthy'].indexOf(engine.health_status),
  port: ({ engine }) => engine.port,
  cpu: ({ cpu }) => cpu,
  memory: ({ memory }) => memory,
  network: ({ rx, tx }) => (rx === null || tx === null ? null : rx + tx),
  streams: ({ streams }) => streams,
  vpn: ({ engine }) => engine.vpn_container,
  // The youngest has the least age.
  age: ({ since }) => -since,
};

function textsOf({ container_name, container_id, labels }: Engine): string[] {
  return [container_name, container_id, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)];
}

function compareTexts(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
