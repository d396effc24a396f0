import { expect, test } from 'vitest';
import { Conditions } from '../../../src/service/notifications/conditions.ts';
import { NodeConditions } from '../../../src/service/wiring/node-conditions.ts';

type Nodes = Parameters<NodeConditions['of']>[0];
type Node = Nodes[number];

function operator() {
  const nodes = new NodeConditions();
  const conditions = new Conditions(() => 0);
  let now = 0;
  return {
    /** Returns the titles of what is reported `afterMs` later. */
    titles: (list: Nodes, afterMs: number, known: (failing: boolean) => boolean | null = Boolean) => {
      now += afterMs;
      const drafts = nodes.of(list, known).map((condition) => conditions.evaluate(condition, now, true));
      return drafts.flatMap((draft) => (draft ? [draft.title] : []));
    },
  };
}

const node = (change: Partial<Node> = {}): Node => ({
  ...{ id: 'n', name: 'worker-1', state: 'ready', availability: 'active', agent: 'connected' },
  ...change,
});

test('a lost node is reported at once, and as the same when it is down', () => {
  const { titles } = operator();
  expect(titles([node()], 0)).toEqual([]);
  const silent = { agent: 'unreachable' } as const;
  expect(titles([node({ ...silent, state: 'lost' })], 0)).toEqual(['Node worker-1 does not respond']);
  expect(titles([node({ ...silent, state: 'down' })], 60_000)).toEqual([]);
  expect(titles([node()], 1000)).toEqual(['Node worker-1 responds again']);
});

test('a drained node may be switched off, and a removed one is not missed any more', () => {
  const { titles } = operator();
  expect(titles([node({ state: 'down', availability: 'drain', agent: 'not_configured' })], 0)).toEqual([]);
  expect(titles([node({ state: 'down' })], 0)).toEqual(['Node worker-1 does not respond']);
  expect(titles([], 0)).toEqual([]);
  expect(titles([node({ id: 'other', name: 'worker-2' })], 0)).toEqual([
    'Node worker-1 was removed from the Swarm',
  ]);
  expect(titles([node({ id: 'other', name: 'worker-2' })], 60_000)).toEqual([]);
});

test('the names of the latest 100 nodes that were removed are kept', () => {
  const nodes = new NodeConditions();
  const keep = node({ id: 'kept' });
  for (let index = 0; index < 200; index += 1) nodes.of([keep, node({ id: `removed-${index}` })], Boolean);
  const keys = nodes.of([keep], Boolean).flatMap(({ key, type }) => (type === 'node' ? [key] : []));
  expect(keys).toHaveLength(101);
  expect(keys).toEqual(expect.arrayContaining(['node:kept', 'node:removed-100', 'node:removed-199']));
});

test('an agent is reported when it has been silent for 10 s', () => {
  const { titles } = operator();
  const silent = [node({ agent: 'unreachable' })];
  expect(titles(silent, 0)).toEqual([]);
  expect(titles(silent, 9999)).toEqual([]);
  expect(titles(silent, 1)).toEqual(['The agent of node worker-1 does not respond']);
  expect(titles([node()], 0)).toEqual(['The agent of node worker-1 responds again']);
  expect(titles([node({ agent: 'not_configured' })], 20_000)).toEqual([]);
});

test('nothing is reported while it is too early', () => {
  const { titles } = operator();
  expect(
    titles([node({ state: 'down', agent: 'missing' })], 0, (failing) => (failing ? null : false)),
  ).toEqual([]);
});
