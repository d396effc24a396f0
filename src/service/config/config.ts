import { ConfigError, readSettings, type SettingsOf, type Variables } from '../../library/settings/index.ts';
import { SETTINGS } from './settings.ts';

export { ConfigError } from '../../library/settings/index.ts';

type Values = SettingsOf<typeof SETTINGS>;

/** The validated configuration. Times are in seconds, sizes in bytes. */
export type Config = Readonly<Values>;

/**
 * Reads and validates the configuration.
 * @param layers variables by descending precedence: the environment, then `.env`
 * @throws ConfigError that lists every invalid value
 */
export function readConfig(...layers: readonly Variables[]): Config {
  const problems: string[] = [];
  const config = readSettings(SETTINGS, layers, problems);
  if (problems.length === 0) problems.push(...conflicts(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

function conflicts(config: Values): string[] {
  const problems: string[] = [];
  const ports = config.portRange.last - config.portRange.first + 1;
  if (config.minReplicas > config.maxReplicas) {
    problems.push(
      `MIN_REPLICAS (${config.minReplicas}) must not exceed MAX_REPLICAS (${config.maxReplicas})`,
    );
  }
  if (ports < config.maxReplicas) {
    problems.push(
      `PORT_RANGE_HOST has ${ports} ports, which must not be fewer than MAX_REPLICAS (${config.maxReplicas})`,
    );
  }
  if (config.gluetunContainerName && config.dockerNetwork) {
    problems.push(
      'GLUETUN_CONTAINER_NAME and DOCKER_NETWORK must not both be set: an engine has one network',
    );
  }
  if (config.engineHost?.includes('{vpn}') && !config.gluetunContainerName) {
    problems.push('ENGINE_HOST contains {vpn}, which requires GLUETUN_CONTAINER_NAME to be set');
  }
  if (config.browserCacheStore === 'redis' && config.redisUrl === null)
    problems.push('BROWSER_CACHE_STORE=redis requires REDIS_URL');
  if (config.engineRuntime === 'swarm') problems.push(...swarmConflicts(config));
  else if (config.dockerSocket?.includes(','))
    problems.push('DOCKER_HOST lists several addresses, which requires ENGINE_RUNTIME=swarm');
  if (config.vpnMode === 'redundant') problems.push(...redundancyConflicts(config));
  return problems;
}

function redundancyConflicts(config: Values): string[] {
  const { gluetunContainerName: first, gluetunContainerName2: second } = config;
  if (!first || !second)
    return ['VPN_MODE=redundant requires GLUETUN_CONTAINER_NAME and GLUETUN_CONTAINER_NAME_2'];
  if (first === second)
    return [`GLUETUN_CONTAINER_NAME and GLUETUN_CONTAINER_NAME_2 must differ, but both are ${first}`];
  if (config.gluetunApiUrl && config.gluetunApiUrl === config.gluetunApiUrl2)
    return [`GLUETUN_API_URL and GLUETUN_API_URL_2 must differ, but both are ${config.gluetunApiUrl}`];
  return [];
}

function swarmConflicts(config: Values): string[] {
  const problems: string[] = [];
  if (config.gluetunContainerName || config.gluetunContainerName2) {
    problems.push(
      'GLUETUN_CONTAINER_NAME cannot be used with ENGINE_RUNTIME=swarm: a service of a Swarm cannot join the network of a container. Run the engines that need the VPN with ENGINE_RUNTIME=docker on one machine, or connect the nodes themselves to the VPN',
    );
  }
  if (config.dockerNetwork) {
    problems.push(
      'DOCKER_NETWORK cannot be used with ENGINE_RUNTIME=swarm: clients reach engines at the addresses of their nodes',
    );
  }
  return problems;
}
