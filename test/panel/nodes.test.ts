import { describe, expect, test } from 'vitest';
import { nodeChoices } from '../../src/panel/lib/engine-rows.ts';
import {
  describeNode,
  nodeSortingOf,
  nodeSortParameter,
  sortNodeRows,
  toNodeRows,
} from '../../src/panel/lib/nodes.ts';
import { findProblems } from '../../src/panel/lib/problems.ts';
import type { EngineStats, Health, Node } from '../../src/panel/lib/wire.ts';
import { aHealth, aNode, anEngine, aStatus } from './fixtures.ts';

const SINCE = '2026-01-01T00:00:00.000Z';
const NOW = Date.parse(SINCE) + 60_000;
const SWARM = aHealth({
  runtime: {
    ...aHealth().runtime,
    name: 'swarm',
    managers: { available: true, unavailable_since: null, unavailable_reason: null },
  },
});
const usage = (fields: Partial<EngineStats>) =>
  ({ cpu_percent: 50, memory_usage: 10, stale: false, ...fields }) as EngineStats;
const find = (nodes: Node[], health: Health = SWARM, now = NOW) =>
  findProblems({ status: aStatus(), health, vpn: null, engines: null, nodes, now });

test.each([
  [{}, 'good', 'Ready'],
  [{ availability: 'pause' }, 'warn', 'Paused'],
  [{ availability: 'drain' }, 'idle', 'Drained'],
  [{ availability: 'drain', state: 'down' }, 'idle', 'Drained, off'],
  [{ state: 'lost' }, 'bad', 'Lost'],
  [{ state: 'down' }, 'bad', 'Down'],
  [{ state: 'disconnected' }, 'bad', 'Disconnected'],
  [{ state: 'unknown' }, 'idle', 'Unknown'],
])('the state of a node with %j is %s: %s', (fields, tone, text) => {
  expect(describeNode(aNode(fields))).toMatchObject({ tone, text });
});

describe('rows', () => {
  const inNode = (id: string, node: string) => anEngine({ container_id: id, node: { id: node, name: node } });

  test('have the engines of the node and the sum of their usage', () => {
    const engines = [inNode('a', 'n1'), inNode('b', 'n1'), inNode('c', 'n2')];
    const stats = { a: usage({}), b: usage({ cpu_percent: 25, stale: true }) };
    const rows = toNodeRows([aNode(), aNode({ id: 'n2' }), aNode({ id: 'n3' })], engines, stats);
    expect(rows).toMatchObject([
      { cpu: 75, memory: 20, stale: true },
      // Without figures, the usage is not zero.
      { cpu: null, memory: null, stale: false },
      { cpu: 0, memory: 0, stale: false },
    ]);
    expect(rows.map((row) => row.engines.length)).toEqual([2, 1, 0]);
  });

  test('are sorted with problems first, or by any column, and the order survives the URL', () => {
    const nodes = [
      aNode({ name: 'b', load_average: 2 }),
      aNode({ name: 'drained', availability: 'drain', state: 'down', load_average: null }),
      aNode({ name: 'a', load_average: 1 }),
      aNode({ name: 'silent', agent: 'unreachable', load_average: 3 }),
      aNode({ name: 'lost', state: 'lost', agent: 'unreachable', load_average: 4 }),
    ];
    const rows = toNodeRows(nodes, [], {});
    const names = (sort: string) =>
      sortNodeRows(rows, nodeSortingOf(new URLSearchParams({ sort }))).map(({ node }) => node.name);
    expect(names('')).toEqual(['lost', 'silent', 'a', 'b', 'drained']);
    expect(names('-load')).toEqual(['lost', 'silent', 'b', 'a', 'drained']);
    expect(names('name')).toEqual(['a', 'b', 'drained', 'lost', 'silent']);
    expect(nodeSortParameter({ column: 'load', descending: true })).toBe('-load');
    expect(nodeSortParameter({ column: 'state', descending: false })).toBe('');
    expect(nodeSortingOf(new URLSearchParams({ sort: 'constructor' })).column).toBe('state');
  });

  test('nodes that share a name can be told apart in the filter', () => {
    const nodes = [
      { id: 'abcdefghijk', name: 'vm' },
      { id: 'zyxwvutsrqp', name: 'vm' },
      { id: 'n3', name: 'host10' },
      { id: 'n4', name: 'host9' },
    ];
    expect(nodeChoices(nodes).map(({ text }) => text)).toEqual([
      'host9',
      'host10',
      'vm (abcdefgh)',
      'vm (zyxwvuts)',
    ]);
  });
});

describe('problems', () => {
  test('nodes that respond, and drained ones, are none', () => {
    expect(find([aNode(), aNode({ availability: 'drain', state: 'down', agent: 'missing' })])).toEqual([]);
    expect(find([aNode({ agent: 'not_configured', agent_since: null })])).toEqual([]);
  });

  test('a lost node has its cause, start and advice', () => {
    const lost = aNode({ name: 'worker-2', state: 'lost', agent: 'unreachable' });
    expect(find([aNode(), lost])).toEqual([
      {
        id: 'nodes',
        tone: 'warn',
        title: 'Node worker-2 is lost',
        cause: 'Neither its agent nor any of its engines responds',
        since: Date.parse(SINCE),
        advice: expect.stringContaining('docker node rm worker-2'),
        href: '#/nodes',
      },
    ]);
  });

  test('several nodes are named, and are bad if none is left', () => {
    const down = [1, 2, 3, 4].map((n) => aNode({ name: `worker-${n}`, state: 'down' }));
    const [problem] = find([...down, aNode({ availability: 'drain' })]);
    expect(problem).toMatchObject({
      tone: 'bad',
      title: '4 of 5 nodes do not respond',
      cause: 'worker-1, worker-2, worker-3 and 1 more',
    });
  });

  test('an agent is silent after 10 s', () => {
    const silent = aNode({ agent: 'unreachable', engines: ['a', 'b'] });
    expect(find([silent], SWARM, Date.parse(SINCE) + 9999)).toEqual([]);
    expect(find([silent], SWARM, Date.parse(SINCE) + 10_000)).toMatchObject([
      {
        tone: 'warn',
        title: 'The agent of node worker-1 does not respond',
        cause: 'The usage of 2 engines is not current',
        since: Date.parse(SINCE),
      },
    ]);
  });

  test('no manager is a warning while agents keep the answers current, and then an error', () => {
    const managers = { available: false, unavailable_since: SINCE, unavailable_reason: 'no leader' };
    const runtime = { ...SWARM.runtime, managers };
    const title = 'No manager of the Swarm responds';
    expect(find([], { ...SWARM, runtime })).toMatchObject([{ tone: 'warn', title, cause: 'no leader' }]);
    const unavailable = {
      ...runtime,
      available: false,
      unavailable_since: SINCE,
      unavailable_reason: 'gone',
    };
    expect(find([aNode({ state: 'lost' })], { ...SWARM, runtime: unavailable })).toMatchObject([
      { tone: 'bad', title, cause: 'gone' },
    ]);
  });
});
