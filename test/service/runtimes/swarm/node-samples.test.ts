import { expect, test } from 'vitest';
import type { AgentSamples } from '../../../../src/service/runtimes/swarm/agent/protocol.ts';
import type { Agents } from '../../../../src/service/runtimes/swarm/agents.ts';
import { NodeSamples } from '../../../../src/service/runtimes/swarm/node-samples.ts';
import type { SwarmView } from '../../../../src/service/runtimes/swarm/swarm-view.ts';
import { SAMPLE } from '../../../support/swarm/samples.ts';

const LOAD = { loadAverage: 0, cpus: 1, memoryTotal: 1, memoryAvailable: 1 };

/** One node, whose agent reports these containers and sends these samples; null for none. */
function node() {
  const state = { containers: ['read', 'other'], sent: ['read', 'other'] as string[] | null };
  const reply = (): AgentSamples | null =>
    state.sent && {
      nodeId: 'node',
      load: LOAD,
      samples: Object.fromEntries(state.sent.map((id) => [id, SAMPLE])),
    };
  const agents = {
    samples: async () => reply(),
    containerOf: (_nodeId: string, id: string) => state.containers.find((each) => each === id),
  } as unknown as Agents;
  const view = { engine: () => ({ node: { id: 'node' } }) } as unknown as SwarmView;
  const samples = new NodeSamples(agents, view);
  const read = async () => {
    const found = await samples.read(['read', 'other'], AbortSignal.timeout(10_000));
    return [...found].map(([id, { isStale = false }]) => [id, isStale]);
  };
  return { state, read };
}

test('an engine that its node cannot read keeps its latest figures until its container has ended', async () => {
  const { state, read } = node();
  expect(await read()).toEqual([
    ['read', false],
    ['other', false],
  ]);
  state.sent = ['read'];
  expect(await read()).toEqual([
    ['read', false],
    ['other', true],
  ]);
  state.containers = ['read'];
  expect(await read()).toEqual([['read', false]]);
});

test('engines of a node that does not respond keep their latest figures', async () => {
  const { state, read } = node();
  await read();
  state.sent = null;
  expect(await read()).toEqual([
    ['read', true],
    ['other', true],
  ]);
});
