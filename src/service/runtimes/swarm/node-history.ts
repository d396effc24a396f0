import { isAbsent } from '../../engines/nodes.ts';
import type { RuntimeNode } from '../../engines/runtime.ts';

/** A node without the times that {@link NodeHistory} adds. */
export type NodeNow = Omit<RuntimeNode, 'stateSince' | 'agentSince'>;

interface Known {
  responds: boolean;
  state: string;
  stateSince: number;
  agent: RuntimeNode['agent'];
  agentSince: number;
  /** What was last reported as a change. */
  reported: string | undefined;
}

/** Since when nodes and their agents are in their states, as observed here, and which changes have been reported. */
export class NodeHistory {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;

  /** @param now returns the time in milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds since when the node and its agent are in their states. */
  withTimes(node: NodeNow): RuntimeNode {
    const known = this.#update(node);
    const agentSince = node.agent === 'not_configured' ? null : known.agentSince;
    return { ...node, stateSince: known.stateSince, agentSince };
  }

  /** Whether the state, the availability or the agent of the node has changed since the last call for this node. */
  isNews(node: NodeNow): boolean {
    const known = this.#update(node);
    const former = known.reported;
    known.reported = `${node.state} ${node.availability} ${node.agent}`;
    return former !== known.reported;
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }

  #update({ id, state, agent }: NodeNow): Known {
    const now = this.#now();
    const responds = !isAbsent({ state });
    const known = this.#known.get(id) ?? {
      responds,
      state,
      stateSince: now,
      agent,
      agentSince: now,
      reported: undefined,
    };
    this.#known.set(id, known);
    // A lost node becomes down when the managers detect its absence, which is the same one.
    if (known.state !== state && (responds || known.responds)) known.stateSince = now;
    if (known.agent !== agent) known.agentSince = now;
    Object.assign(known, { state, responds, agent });
    return known;
  }
}
