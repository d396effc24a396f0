import { integer, parsed } from '../../library/settings/index.ts';
import { type Placement, parseAgents, parseCores, parsePlacement } from './swarm-values.ts';
import { parseMemorySize } from './values.ts';

/** Settings of engines in a Docker Swarm, and of the agents on its nodes. */
export const SWARM_SETTINGS = {
  engineMemoryReservation: parsed<number | null>(
    'ENGINE_MEMORY_RESERVATION',
    null,
    'none',
    'bytes; suffix k, m or g',
    'Memory that Docker Swarm reserves for one engine on its node.',
    parseMemorySize,
  ),
  engineCpuLimit: parsed<number | null>(
    'ENGINE_CPU_LIMIT',
    null,
    'none',
    'cores',
    'CPU limit of one engine in a Docker Swarm, such as `1.5`.',
    parseCores,
  ),
  engineCpuReservation: parsed<number | null>(
    'ENGINE_CPU_RESERVATION',
    null,
    'none',
    'cores',
    'CPU time that Docker Swarm reserves for one engine on its node.',
    parseCores,
  ),
  enginePlacement: parsed<Placement>(
    'ENGINE_PLACEMENT',
    { constraints: [], spread: [] },
    'any node',
    'terms, separated by commas',
    'Nodes of a Docker Swarm that may run engines: constraints such as `node.labels.engines==true`, and preferences such as `spread=node.labels.zone`.',
    parsePlacement,
  ),
  swarmAgents: parsed<readonly string[]>(
    'SWARM_AGENTS',
    [],
    'none',
    'host:port, separated by commas',
    'Addresses of the agents in a Docker Swarm, such as `tasks.agent:8001`; each address of a name is one agent. Unset: resource usage of engines is not available.',
    parseAgents,
  ),
  agentPort: integer('AGENT_PORT', 8001, 'port', 'Port on which the agent of a node listens.', 1, 65_535),
  agentKeyFile: parsed(
    'AGENT_KEY_FILE',
    '/run/secrets/roundhouse-agent-key',
    '/run/secrets/roundhouse-agent-key',
    'file',
    'File with the key that agents and orchestrators share, a Docker secret with at least 32 characters.',
    String,
  ),
} as const;
