import type { Registry } from '@prometheus-io/client';
import type { Engine } from '../engines/engine.ts';
import { isAbsent } from '../engines/nodes.ts';
import type { RuntimeNode } from '../engines/runtime.ts';
import { gaugeOf } from './instruments.ts';

/** Nodes with series of their own. */
const MAX_NODES = 256;
/** Names of nodes need not be unique. */
const BY_NODE = ['node', 'node_id'];

/** What the series of a node are made of. */
export type KnownNode = Pick<RuntimeNode, 'id' | 'name' | 'state' | 'availability' | 'agent'>;

/**
 * Declares the metrics of the nodes of a Docker Swarm, for at most 256 of them.
 * @returns a function that sets them
 */
export function nodeMetrics(
  registry: Registry,
): (nodes: readonly KnownNode[], engines: readonly Engine[]) => void {
  const setUp = gaugeOf(
    registry,
    'roundhouse_node_up',
    'Whether a node responds (1), or is lost or down (0). Absent for drained nodes.',
    BY_NODE,
  );
  const setAgents = gaugeOf(
    registry,
    'roundhouse_node_agent_up',
    'Whether the agent of a node responds (1) or not (0). Absent without agents, and for nodes that do not respond.',
    BY_NODE,
  );
  const setEngines = gaugeOf(registry, 'roundhouse_node_engines', 'Engines that run on a node.', BY_NODE);
  return (known, engines) => {
    const nodes = known.slice(0, MAX_NODES).map((node) => ({
      ...node,
      labels: { node: node.name, node_id: node.id },
    }));
    const expected = nodes.filter(({ availability }) => availability !== 'drain');
    setUp(expected.map((node) => [node.labels, Number(!isAbsent(node))]));
    const withAgents = nodes.filter((node) => node.agent !== 'not_configured' && !isAbsent(node));
    setAgents(withAgents.map(({ labels, agent }) => [labels, Number(agent === 'connected')]));
    const counts = Map.groupBy(engines, ({ node }) => node?.id);
    setEngines(nodes.map(({ labels, id }) => [labels, counts.get(id)?.length ?? 0]));
  };
}
