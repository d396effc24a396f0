import type { Static } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { EngineRuntime } from '../../engines/runtime.ts';
import type { Streams } from '../../streams/streams.ts';
import type { NodeSchema } from '../schemas/nodes.ts';
import { toTime } from './time.ts';

/** A node as the API returns it. */
export type WireNode = Static<typeof NodeSchema>;

/**
 * The nodes of a Swarm with their engines, by name; none for other runtimes.
 * @throws RoundhouseError `runtime_unavailable`
 */
export function listNodes(
  runtime: Pick<EngineRuntime, 'nodes'>,
  registry: EngineRegistry,
  streams: Streams,
): WireNode[] {
  registry.assertAvailable();
  const engines = Map.groupBy(registry.list(), ({ node }) => node?.id);
  const playing = streams.byEngine();
  const nodes = (runtime.nodes?.() ?? []).map(({ id, ...node }) => {
    const own = engines.get(id) ?? [];
    return {
      id,
      name: node.name,
      address: node.address,
      role: node.role,
      leader: node.isLeader,
      state: node.state,
      state_since: toTime(node.stateSince),
      availability: node.availability,
      labels: node.labels,
      cpus: node.cpus,
      memory: node.memory,
      docker_version: node.dockerVersion,
      agent: node.agent,
      agent_since: toTime(node.agentSince),
      agent_version: node.agentVersion,
      load_average: node.load?.loadAverage ?? null,
      memory_available: node.load?.memoryAvailable ?? null,
      engines: own.map((engine) => engine.id),
      streams: own.reduce((sum, engine) => sum + (playing.get(engine.id)?.length ?? 0), 0),
    };
  });
  return nodes.sort((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1));
}
