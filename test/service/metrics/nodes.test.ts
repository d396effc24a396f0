import { expect, test } from 'vitest';
import type { KnownNode } from '../../../src/service/metrics/nodes.ts';
import type { Family } from '../../support/http/exposition.ts';
import { ExposedMetrics, engine } from './fixtures.ts';

const node = (name: string, change: Partial<KnownNode> = {}): KnownNode => ({
  ...{ id: `id-${name}`, name, state: 'ready', availability: 'active', agent: 'connected' },
  ...change,
});

/** Values of a metric by its labels, separated by commas. */
function valuesOf(families: Map<string, Family>, name: string): Record<string, number> {
  const samples = families.get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(','), value]));
}

test('nodes of a Swarm: whether they and their agents respond, and their engines', async () => {
  using exposed = new ExposedMetrics();
  expect(valuesOf(await exposed.scrape(), 'roundhouse_node_up')).toEqual({});
  exposed.snapshot.nodes = [
    node('a'),
    node('b', { agent: 'unreachable' }),
    node('c', { state: 'lost', agent: 'unreachable' }),
    node('d', { state: 'down', availability: 'drain', agent: 'not_configured' }),
  ];
  exposed.snapshot.engines = [engine('1', { node: { id: 'id-a', name: 'a' } }), engine('2')];
  const families = await exposed.scrape();
  const values = (name: string) => valuesOf(families, `roundhouse_${name}`);
  expect(values('node_up')).toEqual({ 'a,id-a': 1, 'b,id-b': 1, 'c,id-c': 0 });
  expect(values('node_agent_up')).toEqual({ 'a,id-a': 1, 'b,id-b': 0 });
  expect(values('node_engines')).toEqual({ 'a,id-a': 1, 'b,id-b': 0, 'c,id-c': 0, 'd,id-d': 0 });
});
