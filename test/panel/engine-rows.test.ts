import { describe, expect, test } from 'vitest';
import {
  type EngineRow,
  filterRows,
  NO_FILTER,
  type SortColumn,
  sortRows,
  toRows,
  vpnsOf,
} from '../../src/panel/lib/engine-rows.ts';
import type { EngineStats } from '../../src/panel/lib/wire.ts';
import { anEngine } from './fixtures.ts';

const ENGINES = [
  anEngine({
    container_id: 'a',
    container_name: 'engine-10',
    port: 1,
    labels: { team: 'Red' },
    vpn_container: 'gluetun',
  }),
  anEngine({
    container_id: 'b',
    container_name: 'engine-9',
    port: 2,
    health_status: 'unhealthy',
    streams: ['x'],
  }),
  anEngine({
    container_id: 'c',
    container_name: 'engine-8',
    port: 3,
    health_status: 'unknown',
    vpn_container: 'gluetun_2',
  }),
];
const stats = (fields: Partial<EngineStats>) => ({ network_scope: 'own', ...fields }) as EngineStats;
const throughput = { rx: 10, tx: 5, read: null, written: null };
const rows = toRows(
  ENGINES,
  {
    a: stats({ cpu_percent: 5, memory_usage: 30 }),
    b: stats({ cpu_percent: 50, memory_usage: 10, network_scope: 'host' }),
  },
  { ofEngine: () => throughput },
);
const ids = (some: EngineRow[]) => some.map(({ engine }) => engine.container_id).join('');

describe('the rows of the engine table', () => {
  test('have the usage of the engine, without the traffic of a host network', () => {
    expect(rows.map(({ cpu, memory, rx }) => [cpu, memory, rx])).toEqual([
      [5, 30, 10],
      [50, 10, null],
      [null, null, null],
    ]);
  });

  test.each<[SortColumn, string, string]>([
    ['name', 'cba', 'abc'],
    ['health', 'bca', 'acb'],
    ['port', 'abc', 'cba'],
    ['cpu', 'abc', 'bac'],
    ['memory', 'bac', 'abc'],
    ['network', 'abc', 'abc'],
    ['streams', 'acb', 'bac'],
    ['vpn', 'acb', 'cab'],
    ['age', 'abc', 'abc'],
  ])('are sorted by %s, null values last', (column, up, down) => {
    expect(ids(sortRows(rows, { column, descending: false }))).toBe(up);
    expect(ids(sortRows(rows, { column, descending: true }))).toBe(down);
  });

  test.each([
    [{}, 'abc'],
    [{ text: ' TEAM=red ' }, 'a'],
    [{ text: 'engine-9' }, 'b'],
    [{ text: 'nothing' }, ''],
    [{ health: 'unknown' as const }, 'c'],
    [{ vpn: 'gluetun' }, 'a'],
    [{ vpn: '-' }, 'b'],
    [{ vpn: 'gluetun', health: 'unhealthy' as const }, ''],
  ])('are filtered by %o', (filter, expected) => {
    expect(ids(filterRows(rows, { ...NO_FILTER, ...filter }))).toBe(expected);
  });

  test('name the VPNs to filter by', () => {
    expect(vpnsOf(ENGINES)).toEqual(['-', 'gluetun', 'gluetun_2']);
  });
});
