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
import { parseLabels } from '../../src/panel/lib/labels.ts';
import { openPreferences } from '../../src/panel/lib/preferences.ts';
import { engineHref, parseRoute } from '../../src/panel/lib/router.ts';
import { describeBreaker, describeStatus } from '../../src/panel/lib/status-words.ts';
import type { EngineStats } from '../../src/panel/lib/wire.ts';
import { anEngine, aStatus, FakeMemory } from './support.ts';

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
const flow = { rx: 10, tx: 5, read: null, written: null };
const rows = toRows(
  ENGINES,
  {
    a: stats({ cpu_percent: 5, memory_usage: 30 }),
    b: stats({ cpu_percent: 50, memory_usage: 10, network_scope: 'host' }),
  },
  { ofEngine: () => flow },
);
const ids = (some: EngineRow[]) => some.map(({ engine }) => engine.container_id).join('');

describe('the table of engines', () => {
  test('shows what is measured; the network of its host is not an engine', () => {
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
  ])('sorts by %s, what is not known last', (column, up, down) => {
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
  ])('filters by %o', (filter, expected) => {
    expect(ids(filterRows(rows, { ...NO_FILTER, ...filter }))).toBe(expected);
  });

  test('offers the VPNs there are', () => {
    expect(vpnsOf(ENGINES)).toEqual(['-', 'gluetun', 'gluetun_2']);
  });
});

describe('the state in words', () => {
  const blocked = {
    blocked_reason: 'The VPN is down',
    blocked_reason_details: { code: 'vpn_disconnected', recovery_eta_seconds: null },
  };
  const { capacity, provisioning } = aStatus();

  test.each([
    [aStatus(), 'good', 'All is well', '3 of 3 engines healthy, 2 free for a stream.'],
    [
      aStatus({ engines: { total: 3, running: 3, healthy: 1, unhealthy: 1 } }),
      'warn',
      'Some engines do not answer',
      '1 of 3 engines healthy, 1 starting, 1 not answering, 2 free for a stream.',
    ],
    [
      aStatus({ engines: { total: 1, running: 1, healthy: 0, unhealthy: 0 } }),
      'idle',
      'Engines are starting',
      '0 of 1 engine healthy, 1 starting, 2 free for a stream.',
    ],
    [
      aStatus({ status: 'unavailable', capacity: { ...capacity, min_replicas: 0 } }),
      'bad',
      'No engine is running',
      'Provision one on the Engines page, or set MIN_REPLICAS to keep some running.',
    ],
    [
      aStatus({ status: 'unavailable', capacity: { ...capacity, min_replicas: 2 } }),
      'bad',
      'No engine is running',
      '2 at least should be; they have not been started yet.',
    ],
    [
      aStatus({
        status: 'unavailable',
        capacity: { ...capacity, min_replicas: 2 },
        provisioning: { ...provisioning, last_failure: '2026-11-21T05:58:03.000Z' },
      }),
      'bad',
      'No engine is running',
      "The last start has failed and is tried again; the service's own log says why.",
    ],
    [
      aStatus({ status: 'unavailable', provisioning: { ...provisioning, ...blocked } }),
      'bad',
      'No engine is running',
      'The VPN is down.',
    ],
    [
      aStatus({ status: 'degraded', provisioning: { ...provisioning, ...blocked } }),
      'warn',
      'No new engine can start',
      'The VPN is down. 3 of 3 engines healthy, 2 free for a stream.',
    ],
    [
      aStatus({
        provisioning: {
          ...provisioning,
          blocked_reason_details: { code: 'max_capacity', recovery_eta_seconds: null },
        },
      }),
      'good',
      'Running at capacity',
      '3 of 3 engines healthy, 2 free for a stream. No more may be started.',
    ],
  ])('%#', (status, tone, title, reason) => {
    expect(describeStatus(status)).toEqual({ tone, title, reason });
  });

  test('the breaker has words for each of its states', () => {
    expect((['closed', 'half_open', 'open'] as const).map((state) => describeBreaker(state).tone)).toEqual([
      'good',
      'warn',
      'bad',
    ]);
  });
});

test.each([
  ['', { page: 'overview' }],
  ['#/', { page: 'overview' }],
  ['#/engines', { page: 'engines' }],
  ['#/engines/', { page: 'engines' }],
  [engineHref('a/b%'), { page: 'engine', id: 'a/b%' }],
  ['#/engines/%zz', { page: 'engine', id: '%zz' }],
  ['#/cache', { page: 'cache' }],
  ['#/<script>', { page: 'overview' }],
])('the address %s leads to %o', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('labels are lines; a name that the service would refuse is told before it is sent', () => {
  expect(parseLabels(' a=1 \n\nb\n c = x=y ')).toEqual({ labels: { a: '1', b: '', c: 'x=y' }, fault: null });
  expect(parseLabels('<b>=1').fault).toContain('<b>');
  expect(parseLabels('=1').fault).toContain('name of a label');
});

test('preferences are kept, and nonsense that was kept is not used', () => {
  const memory = new FakeMemory();
  memory.setItem('roundhouse-interval', '7');
  memory.setItem('roundhouse-theme', 'dark');
  const preferences = openPreferences(memory);
  expect([preferences.intervalS.value, preferences.theme.value, preferences.windowS.value]).toEqual([
    5,
    'dark',
    900,
  ]);
  preferences.intervalS.value = 30;
  expect(openPreferences(memory).intervalS.value).toBe(30);
});
