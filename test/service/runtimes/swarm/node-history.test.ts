import { expect, test } from 'vitest';
import { NodeHistory, type NodeNow } from '../../../../src/service/runtimes/swarm/node-history.ts';

function history() {
  let now = 0;
  const nodes = new NodeHistory(() => now);
  const NODE = { id: 'n', name: 'n', state: 'ready', availability: 'active', agent: 'connected' } as NodeNow;
  return {
    nodes,
    at: (time: number, change: Partial<NodeNow> = {}) => {
      now = time;
      const { stateSince, agentSince } = nodes.withTimes({ ...NODE, ...change });
      return [stateSince, agentSince];
    },
    isNews: (change: Partial<NodeNow> = {}) => nodes.isNews({ ...NODE, ...change }),
  };
}

test('a node that is lost, and then down, is absent since it was lost', () => {
  const { at } = history();
  expect(at(1)).toEqual([1, 1]);
  expect(at(2, { agent: 'unreachable' })).toEqual([1, 2]);
  expect(at(3, { state: 'lost', agent: 'unreachable' })).toEqual([3, 2]);
  expect(at(4, { state: 'down', agent: 'unreachable' })).toEqual([3, 2]);
  expect(at(5)).toEqual([5, 5]);
});

test('without agents, there is no time of the agent', () => {
  expect(history().at(1, { agent: 'not_configured' })).toEqual([1, null]);
});

test('a change of state, availability or agent is news once', () => {
  const { nodes, isNews } = history();
  expect([isNews(), isNews()]).toEqual([true, false]);
  expect([isNews({ availability: 'drain' }), isNews({ availability: 'drain' })]).toEqual([true, false]);
  expect([isNews(), isNews({ state: 'lost' }), isNews({ agent: 'unreachable' })]).toEqual([true, true, true]);
  nodes.retain(new Set());
  expect(isNews({ agent: 'unreachable' })).toBe(true);
});
