import { expect, it } from 'vitest';
import { parseApiStats } from '../../../../src/service/runtimes/docker/api-stats.ts';

type Answer = Parameters<typeof parseApiStats>[0];

/** The parsed parts of a real response. */
function answer(changes: object = {}): Answer {
  return {
    read: '2026-11-21T10:00:00.250000000Z',
    cpu_stats: { cpu_usage: { total_usage: 5_000_000 } },
    memory_stats: {
      usage: 50_000_000,
      limit: 268_435_456,
      stats: { total_inactive_file: 20_000_000, inactive_file: 1 },
    },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 4096 },
        { op: 'Write', value: 8192 },
        { op: 'read', value: 4 },
        { op: 'Total', value: 12_288 },
      ],
    },
    networks: { eth0: { rx_bytes: 10, tx_bytes: 1 }, eth1: { rx_bytes: 20, tx_bytes: 2 } },
    ...changes,
  } as unknown as Answer;
}

it('parses a response of cgroup version 1', () => {
  expect(parseApiStats(answer())).toEqual({
    takenAt: Date.parse('2026-11-21T10:00:00.250Z'),
    cpuNs: 5_000_000,
    memoryUsage: 30_000_000,
    memoryLimit: 268_435_456,
    blockRead: 4100,
    blockWrite: 8192,
    networkRx: 30,
    networkTx: 3,
  });
});

it('parses a response of cgroup version 2, in which inactive pages have another name', () => {
  const memory = { usage: 50_000_000, limit: 1, stats: { inactive_file: 15_000_000 } };
  expect(parseApiStats(answer({ memory_stats: memory }))?.memoryUsage).toBe(35_000_000);
});

it.each([
  ['null block I/O', { blkio_stats: { io_service_bytes_recursive: null } }],
  ['no block I/O', { blkio_stats: null }],
])('keeps a container with %s', (_what, changes) => {
  expect(parseApiStats(answer(changes))).toMatchObject({
    memoryUsage: 30_000_000,
    blockRead: 0,
    blockWrite: 0,
  });
});

it.each([[null], [undefined]])('accepts networks of %s', (networks) => {
  expect(parseApiStats(answer({ networks }))).toMatchObject({ networkRx: 0, networkTx: 0, cpuNs: 5_000_000 });
});

it('returns null for the empty response of a stopped container', () => {
  const stopped = {
    read: '0001-01-01T00:00:00Z',
    cpu_stats: { cpu_usage: { total_usage: 0 } },
    memory_stats: {},
  };
  expect(parseApiStats(answer(stopped))).toBeNull();
});
