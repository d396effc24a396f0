import { once } from 'node:events';
import type { Server } from 'node:https';
import type { Config } from '../../../config/config.ts';
import { RoundhouseError } from '../../../errors.ts';
import { DockerClient } from '../../docker/client.ts';
import { firstOf, sampleFromApi, sampleFromCgroup } from '../../docker/sampler.ts';
import { createAgentServer } from './agent-server.ts';
import { EventBuffer } from './event-buffer.ts';
import { readAgentKey } from './key.ts';
import { NodeContainers } from './node-containers.ts';

/** Changes that are kept for orchestrators that reconnect. */
const MAX_EVENTS = 1000;

/** A running agent. */
export interface Agent {
  /** Address that it listens on. */
  address: string;
  close(): Promise<void>;
}

/**
 * Starts the agent of a node.
 * @throws ConfigError if the key cannot be read
 * @throws RoundhouseError `runtime_unavailable` if Docker does not respond, or is not part of a Swarm
 */
export async function startAgent(config: Config, version: string): Promise<Agent> {
  const key = readAgentKey(config.agentKeyFile);
  const client = new DockerClient({
    host: config.dockerSocket,
    timeoutS: config.dockerTimeoutS,
    concurrency: config.dockerConcurrency,
  });
  const nodeId = await readNodeId(client);
  const events = new EventBuffer(MAX_EVENTS);
  const source = firstOf(sampleFromCgroup, sampleFromApi(client));
  const containers = new NodeContainers(client, config.containerLabel, source, events);
  const server = createAgentServer({ nodeId, version, key, containers, events });
  containers.start();
  server.listen({ host: config.host, port: config.agentPort });
  await once(server, 'listening');
  return {
    address: `${config.host}:${config.agentPort}`,
    close: async () => {
      containers.stop();
      await closeServer(server);
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  if (server.listening) await once(server, 'close');
}

async function readNodeId(client: DockerClient): Promise<string> {
  const info = await client.call('inspect', () => client.docker.info() as Promise<unknown>);
  const nodeId = (info as { Swarm?: { NodeID?: unknown } }).Swarm?.NodeID;
  if (typeof nodeId === 'string' && nodeId !== '') return nodeId;
  throw new RoundhouseError(
    'runtime_unavailable',
    'The Docker daemon is not part of a Swarm: run docker swarm init or docker swarm join',
  );
}
