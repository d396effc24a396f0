import { type Config, ConfigError } from '../config/config.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { VpnContainerEvents, VpnContainerRestarts, VpnContainers } from '../vpn/containers.ts';
import { type CallObserver, DockerClient } from './docker/client.ts';
import { DockerRuntime } from './docker/docker-runtime.ts';
import { readInstance } from './docker/instance.ts';
import { dockerEngineOptions } from './docker/options.ts';
import { firstOf, sampleFromApi, sampleFromCgroup } from './docker/sampler.ts';
import { DockerVpnContainers } from './docker/vpn-containers.ts';
import { DockerFallback } from './docker-fallback.ts';
import { createProcessRuntime } from './process/process-runtime.ts';
import { openSwarmRuntime } from './swarm/open-swarm.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const DEFAULT_SOCKET = 'unix:///var/run/docker.sock';

/** An opened runtime. */
export interface OpenedRuntime {
  runtime: EngineRuntime;
  /** Access to the VPN containers; null without Docker. */
  vpnContainers: (VpnContainers & VpnContainerRestarts & VpnContainerEvents) | null;
  /** The runtime and why it was chosen, for the start-up log. */
  reason: string;
  /** Set if `auto` has selected local processes because Docker does not respond. Closed with the application. */
  fallback: DockerFallback | null;
}

/**
 * Opens the runtime selected by ENGINE_RUNTIME; `auto` selects Docker if the daemon responds, else local processes.
 * @param warn called with warnings for the operator, such as about orphaned engines that were ended
 * @param onDockerCall called after each call to Docker
 * @throws ConfigError if DATA_DIR cannot be used
 */
export async function openRuntime(
  config: Config,
  warn: (message: string) => void,
  onDockerCall: CallObserver = () => {},
): Promise<OpenedRuntime> {
  if (config.engineRuntime === 'process') return openProcess(config, warn, 'ENGINE_RUNTIME=process');
  if (config.engineRuntime === 'swarm') return await openSwarm(config, warn, onDockerCall);
  const client = new DockerClient({
    host: config.dockerSocket,
    timeoutS: config.dockerTimeoutS,
    concurrency: config.dockerConcurrency,
    onCall: onDockerCall,
  });
  const address = config.dockerSocket ?? DEFAULT_SOCKET;
  if (config.engineRuntime === 'docker')
    return await openDocker(config, client, `ENGINE_RUNTIME=docker, at ${address}`);
  const responds = await client.ping().then(
    () => true,
    () => false,
  );
  if (responds) return await openDocker(config, client, `a daemon responds at ${address}`);
  const opened = await openProcess(config, warn, `no Docker daemon responds at ${address}`);
  const isEmulated = config.engineCommand === null;
  const fallback = new DockerFallback({ address, isEmulated, ping: () => client.ping(), warn });
  return { ...opened, fallback };
}

async function openDocker(config: Config, client: DockerClient, why: string): Promise<OpenedRuntime> {
  const options = dockerEngineOptions(config, await readInstance(config.dataDir));
  const source = firstOf(sampleFromCgroup, sampleFromApi(client));
  return {
    runtime: new DockerRuntime(client, options, source),
    vpnContainers: new DockerVpnContainers(client),
    reason: `Docker containers (${why})`,
    fallback: null,
  };
}

async function openSwarm(
  config: Config,
  warn: (message: string) => void,
  onDockerCall: CallObserver,
): Promise<OpenedRuntime> {
  const runtime = await openSwarmRuntime(config, warn, onDockerCall);
  const address = config.dockerSocket ?? DEFAULT_SOCKET;
  return {
    runtime,
    vpnContainers: null,
    reason: `services of a Docker Swarm (ENGINE_RUNTIME=swarm, managers at ${address})`,
    fallback: null,
  };
}

async function openProcess(
  config: Config,
  warn: (message: string) => void,
  why: string,
): Promise<OpenedRuntime> {
  const runtime = await createProcessRuntime({
    command: config.engineCommand,
    dataDir: config.dataDir,
    host: config.engineHost ?? '127.0.0.1',
    bindAll: !LOOPBACK.has(config.enginePublishAddress),
    variant: config.engineCommand === null ? 'emulated' : 'custom',
    warn,
  }).catch(({ message }: Error) => {
    throw new ConfigError([`DATA_DIR=${JSON.stringify(config.dataDir)} cannot be used (${message})`]);
  });
  if (config.gluetunContainerName !== null && config.gluetunApiUrl === null)
    warn(
      `No engine will start: the VPN container ${config.gluetunContainerName} cannot be monitored without Docker (${why})`,
    );
  const what = config.engineCommand === null ? 'of the bundled emulated engine' : 'of ENGINE_COMMAND';
  return { runtime, vpnContainers: null, reason: `local processes ${what} (${why})`, fallback: null };
}
