import type { Config } from '../../config/config.ts';
import { type CallObserver, DockerClient } from '../docker/client.ts';
import { readInstance } from '../docker/instance.ts';
import { readAgentKey } from './agent/key.ts';
import { Agents } from './agents.ts';
import { ManagerClients } from './manager-clients.ts';
import { Managers } from './managers.ts';
import { swarmEngineOptions } from './options.ts';
import { SwarmRuntime } from './swarm-runtime.ts';

/** How long a node may take to send its samples. Shorter than the deadline of stream proxies, 3 s. */
const AGENT_TIMEOUT_MS = 1500;

/**
 * Opens the runtime for a Docker Swarm.
 * @param warn called with warnings for the operator
 * @param onDockerCall called after each call to a manager
 */
export async function openSwarmRuntime(
  config: Config,
  warn: (message: string) => void,
  onDockerCall: CallObserver,
): Promise<SwarmRuntime> {
  const hosts = (config.dockerSocket?.split(',') ?? [null]) as [string | null, ...(string | null)[]];
  const clients = new ManagerClients(
    hosts,
    (host) =>
      new DockerClient({
        host,
        timeoutS: config.dockerTimeoutS,
        concurrency: config.dockerConcurrency,
        onCall: onDockerCall,
      }),
  );
  const managers = new Managers(clients, config.dockerTimeoutS * 1000);
  if (config.swarmAgents.length === 0)
    warn(
      'SWARM_AGENTS is not set: resource usage of engines is not available, and it takes up to MONITOR_INTERVAL_S until the end of an engine is detected',
    );
  const options = swarmEngineOptions(config, await readInstance(config.dataDir));
  const agents =
    config.swarmAgents.length === 0
      ? null
      : new Agents(config.swarmAgents, readAgentKey(config.agentKeyFile), AGENT_TIMEOUT_MS, warn);
  return new SwarmRuntime(managers, options, agents);
}
