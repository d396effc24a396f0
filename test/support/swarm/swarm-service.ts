import { type DockerService, startService } from '../docker/docker-service.ts';
import type { Swarm } from './swarm.ts';

/**
 * Starts the application on the managers of a Swarm and waits until it is ready.
 * @param managers numbers of the nodes in DOCKER_HOST
 * @param env settings in addition to the defaults of the tests
 * @param warn called with the warnings of the runtime
 */
export function startSwarmService(
  swarm: Swarm,
  engineImage: string,
  managers: readonly number[],
  env: NodeJS.ProcessEnv = {},
  warn?: (message: string) => void,
): Promise<DockerService> {
  const environment = {
    ENGINE_RUNTIME: 'swarm',
    DOCKER_HOST: managers.map((number) => `unix://${swarm.node(number).socket}`).join(','),
    ENGINE_IMAGE: engineImage,
    // Ports of the nodes, which nothing else uses.
    PORT_RANGE_HOST: '19000-19099',
    ...env,
  };
  return startService(environment, warn);
}
