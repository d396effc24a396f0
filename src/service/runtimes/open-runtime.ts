import { type Config, ConfigError } from '../config/config.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { VpnContainerEvents, VpnContainerRestarts, VpnContainers } from '../vpn/containers.ts';
import { type CallObserver, DockerClient } from './docker/client.ts';
import { DockerRuntime } from './docker/docker-runtime.ts';
import { dockerEngineOptions } from './docker/options.ts';
import { firstOf, sampleFromApi, sampleFromCgroup } from './docker/sampler.ts';
import { DockerVpnContainers } from './docker/vpn-containers.ts';
import { createProcessRuntime } from './process/process-runtime.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const DEFAULT_SOCKET = 'unix:///var/run/docker.sock';

/** The runtime that the settings and the machine call for. */
export interface OpenedRuntime {
  runtime: EngineRuntime;
  /** Where the VPN's container is looked at; null without Docker. */
  vpnContainers: (VpnContainers & VpnContainerRestarts & VpnContainerEvents) | null;
  /** Which runtime was taken and why, in words, for the start-up lines. */
  reason: string;
}

/**
 * Opens the runtime that ENGINE_RUNTIME names; `auto` takes Docker where it answers.
 * @param warn told of what an operator should know, such as engines ended that a killed service had left.
 * @param onDockerCall told of each call to Docker.
 */
export async function openRuntime(
  config: Config,
  warn: (message: string) => void,
  onDockerCall: CallObserver = () => {},
): Promise<OpenedRuntime> {
  const client = new DockerClient({
    host: config.dockerSocket,
    timeoutS: config.dockerTimeoutS,
    concurrency: config.dockerConcurrency,
    onCall: onDockerCall,
  });
  const address = config.dockerSocket ?? DEFAULT_SOCKET;
  if (config.engineRuntime === 'process') return openProcess(config, warn, 'ENGINE_RUNTIME=process');
  if (config.engineRuntime === 'docker')
    return openDocker(config, client, `ENGINE_RUNTIME=docker, at ${address}`);
  const answers = await client.ping().then(
    () => true,
    () => false,
  );
  if (answers) return openDocker(config, client, `a daemon answers at ${address}`);
  return openProcess(config, warn, `no Docker daemon answers at ${address}`);
}

function openDocker(config: Config, client: DockerClient, why: string): OpenedRuntime {
  const source = firstOf(sampleFromCgroup, sampleFromApi(client));
  return {
    runtime: new DockerRuntime(client, dockerEngineOptions(config), source),
    vpnContainers: new DockerVpnContainers(client),
    reason: `Docker containers (${why})`,
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
      `No engine will start: without Docker nothing is known of the VPN ${config.gluetunContainerName} (${why})`,
    );
  const what = config.engineCommand === null ? 'of the bundled emulated engine' : 'of ENGINE_COMMAND';
  return { runtime, vpnContainers: null, reason: `local processes ${what} (${why})` };
}
