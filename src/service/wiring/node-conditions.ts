import { isAbsent, isMissed } from '../engines/nodes.ts';
import type { RuntimeNode } from '../engines/runtime.ts';
import type { Condition } from '../notifications/conditions.ts';

/** An agent that is replaced, or a node that becomes lost, is silent for less. */
const AGENT_SILENT_MS = 10_000;
/** Nodes that are remembered after their removal from the Swarm. */
const MAX_REMOVED = 100;

type Node = Pick<RuntimeNode, 'id' | 'name' | 'state' | 'availability' | 'agent'>;
type Known = (failing: boolean) => boolean | null;

/** The conditions of the nodes of a Swarm. */
export class NodeConditions {
  /** Names of the nodes, those that were removed from the Swarm first. A removed node is no longer missed. */
  readonly #names = new Map<string, string>();

  /** @param known maps a failure to null while it is too early to report it */
  of(nodes: readonly Node[], known: Known): Condition[] {
    const ids = new Set(nodes.map(({ id }) => id));
    for (const { id, name } of nodes) {
      this.#names.delete(id);
      this.#names.set(id, name);
    }
    for (const id of this.#names.keys()) {
      if (this.#names.size <= nodes.length + MAX_REMOVED) break;
      this.#names.delete(id);
    }
    // Before the first list, nothing is known about any node.
    const removed = nodes.length === 0 ? [] : [...this.#names].filter(([id]) => !ids.has(id));
    return [
      ...nodes.flatMap((node) => [nodeCondition(node, known), agentCondition(node, known)]),
      ...removed.flatMap(([id, name]) => removedConditions(id, name)),
    ];
  }
}

function nodeCondition(node: Node, known: Known): Condition {
  const { id, name } = node;
  return {
    key: `node:${id}`,
    type: 'node',
    level: 'error',
    isShared: true,
    failing: known(isMissed(node)),
    afterMs: 0,
    failed: {
      title: `Node ${name} does not respond`,
      message:
        'Its engines are started on other nodes that have room. Check the machine and its network, or remove it from the Swarm.',
    },
    recovered: `Node ${name} responds again`,
  };
}

function agentCondition(node: Node, known: Known): Condition {
  const { id, name, agent } = node;
  return {
    key: `agent:${id}`,
    type: 'agent',
    level: 'warning',
    isShared: true,
    // Without the node, there is nothing to say about its agent.
    failing: isAbsent(node) ? null : known(agent === 'unreachable' || agent === 'missing'),
    afterMs: AGENT_SILENT_MS,
    failed: {
      title: `The agent of node ${name} does not respond`,
      message:
        'The usage of its engines is not current, and their ends are detected later. `docker service ps` of the agents shows why.',
    },
    recovered: `The agent of node ${name} responds again`,
  };
}

function removedConditions(id: string, name: string): Condition[] {
  const node = { id, name, state: 'ready', availability: 'active', agent: 'connected' } as const;
  const recovered = `Node ${name} was removed from the Swarm`;
  return [nodeCondition(node, Boolean), agentCondition(node, Boolean)].map((condition) => ({
    ...condition,
    recovered,
  }));
}
