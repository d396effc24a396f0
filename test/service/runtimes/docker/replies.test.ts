import type { ContainerInspectInfo, ContainerStats } from 'dockerode';
import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { parseApiStats } from '../../../../src/service/runtimes/docker/api-stats.ts';
import { readContainer } from '../../../../src/service/runtimes/docker/containers.ts';
import { checkReply } from '../../../../src/service/runtimes/docker/replies.ts';
import { findLeftovers } from '../../../../src/service/runtimes/docker/siblings.ts';

const LABEL = { name: 'ondemand.app', value: 'myservice' };
const ID = 'c'.repeat(64);
const LABELS = { 'ondemand.app': 'myservice', 'roundhouse.host-http-port': '19000' };

const LISTED = [
  {
    Id: ID,
    Names: ['/engine'],
    State: 'created',
    Labels: LABELS,
    HostConfig: { NetworkMode: 'default' },
  },
];

const INSPECTED = {
  Id: ID,
  Name: '/engine',
  Created: '2026-01-01T00:00:00Z',
  State: { Running: true, Paused: false, StartedAt: '2026-01-01T00:00:00Z', Pid: 7 },
  Config: { Labels: LABELS, Image: 'image', Tty: false, Env: ['A=b'] },
  HostConfig: { NetworkMode: 'default' },
  NetworkSettings: {
    Ports: { '6878/tcp': [{ HostIp: '127.0.0.1', HostPort: '19000' }] },
    Networks: { bridge: { IPAddress: '172.17.0.2' } },
  },
};

const STATS = {
  read: '2026-01-01T00:00:00Z',
  cpu_stats: { cpu_usage: { total_usage: 1 } },
  memory_stats: { usage: 5, limit: 9, stats: { inactive_file: 1 } },
  networks: { eth0: { rx_bytes: 1, tx_bytes: 2 } },
  blkio_stats: { io_service_bytes_recursive: [{ op: 'Read', value: 1 }] },
};

const GARBAGE = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  '99999',
  [],
  [null],
  [7],
  {},
  { a: null },
];

/** Copies of a value in which one part, at any depth, is garbage. */
function* broken(value: unknown): Generator<unknown> {
  yield* GARBAGE;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const garbage of broken(part)) {
      if (Array.isArray(value)) yield value.with(Number(name), garbage);
      else yield { ...value, [name]: garbage };
    }
  }
}

/** Reads a reply that may be garbage. @returns null if it was refused */
function readOrRefuse<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(RoundhouseError);
    expect(error).toMatchObject({ code: 'runtime_unavailable' });
    return null;
  }
}

describe('a reply of Docker of any shape', () => {
  test('that describes an engine is refused, or makes an engine with valid properties', () => {
    let engines = 0;
    for (const reply of broken(INSPECTED)) {
      const container = readOrRefuse(() =>
        readContainer(
          checkReply('engine', reply) as ContainerInspectInfo,
          LABEL,
          { kind: 'named', network: 'n' },
          null,
          null,
        ),
      );
      if (!container) continue;
      engines += 1;
      const { id, name, host, ports, labels, createdAt, startedAt } = container.engine;
      expect([id, name, host].every((text) => typeof text === 'string')).toBe(true);
      expect(Object.values(ports).every((port) => Number.isInteger(port) && port >= 1)).toBe(true);
      expect(Object.values(labels).every((label) => typeof label === 'string')).toBe(true);
      expect([createdAt, startedAt!].every((time) => !Number.isNaN(time))).toBe(true);
    }
    expect(engines).toBeGreaterThan(20);
  });

  test('that lists containers is refused, or can be read', () => {
    const since = { firstSeen: new Map<string, number>(), now: 0, maxStartMs: 0 };
    for (const reply of broken(LISTED)) {
      const listed = readOrRefuse(() => checkReply('list', reply)) as Parameters<typeof findLeftovers>[0];
      if (listed) expect(() => findLeftovers(listed, 'instance', () => false, since)).not.toThrow();
    }
  });

  test('with statistics makes none, or counters that are numbers', () => {
    for (const reply of broken(STATS)) {
      const counters = parseApiStats((reply ?? null) as ContainerStats | null);
      for (const value of Object.values(counters ?? {})) expect(value).toBeGreaterThanOrEqual(0);
    }
    expect(parseApiStats(STATS as unknown as ContainerStats)).toMatchObject({ networkTx: 2, blockRead: 1 });
  });
});

test('the replies of real daemons are accepted: null for parts that are not set', () => {
  const info = {
    ...INSPECTED,
    Config: { ...INSPECTED.Config, Labels: null, Env: null },
    NetworkSettings: { Ports: null, Networks: null },
  };
  expect(checkReply('engine', info)).toBe(info);
  expect(checkReply('vpn', info)).toBe(info);
  expect(checkReply('list', [{ ...LISTED[0], Labels: null }])).toHaveLength(1);
});
