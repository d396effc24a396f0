import type { ResourceSample } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import type { Agents } from './agents.ts';
import type { SwarmView } from './swarm-view.ts';

/** Samples of engines from the agents of their nodes. */
export class NodeSamples {
  readonly #agents: Agents | null;
  readonly #view: SwarmView;
  /** The latest sample of each engine, for the time in which its node does not respond. */
  readonly #latest = new Map<string, ResourceSample>();

  /** @param agents the agents, or null without them */
  constructor(agents: Agents | null, view: SwarmView) {
    this.#agents = agents;
    this.#view = view;
  }

  /**
   * Requests samples from all nodes with these engines at once. Engines of a node that does not respond, and those that
   * it could not read in time, have their latest sample, marked as stale.
   * @throws RoundhouseError `stats_unavailable` without agents
   */
  async read(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const agents = this.#agents;
    if (!agents)
      throw new RoundhouseError(
        'stats_unavailable',
        'Resource usage in a Swarm needs an agent on each node: deploy the agents, and set SWARM_AGENTS',
      );
    const byNode = Map.groupBy(ids, (id) => this.#view.engine(id)?.node?.id);
    const samples = new Map<string, ResourceSample>();
    const read = async (nodeId: string | undefined, engines: readonly string[]) => {
      const reply = nodeId === undefined ? null : await agents.samples(nodeId, engines, signal);
      for (const id of engines) {
        const sample = reply?.samples[id];
        const latest = this.#latest.get(id);
        if (sample) samples.set(id, sample);
        // An engine whose container has ended is gone.
        else if (latest && (!reply || agents.containerOf(reply.nodeId, id) !== undefined))
          samples.set(id, { ...latest, isStale: true });
      }
    };
    await Promise.all([...byNode].map(([nodeId, engines]) => read(nodeId, engines)));
    // An engine may have ended in the meantime.
    for (const [id, sample] of samples) if (this.#view.engine(id)) this.#latest.set(id, sample);
    return samples;
  }

  /** An engine has ended. */
  forget(id: string): void {
    this.#latest.delete(id);
  }
}
