import type { ContainerInspectInfo } from 'dockerode';
import { type DockerClient, hasStatus } from './client.ts';
import { vpnLabelOf } from './labels.ts';
import type { EngineNetwork } from './network.ts';

/** Id of the container whose network a container uses, or null. */
export function joinedContainer(info: ContainerInspectInfo): string | null {
  const mode = info.HostConfig.NetworkMode ?? '';
  return mode.startsWith('container:') ? mode.slice('container:'.length) : null;
}

/** Id of the container of that name, or null where there is none. */
export async function findContainerId(client: DockerClient, name: string): Promise<string | null> {
  const container = client.docker.getContainer(name);
  try {
    return (await client.call('inspect', (abortSignal) => container.inspect({ abortSignal }))).Id;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/**
 * Name of the VPN container whose network an engine's container uses, or null where it uses none. The label
 * tells it even if that VPN has been recreated since; an engine without one, or with one that the settings
 * no longer know, is found by the id. What neither tells is from before there could be two.
 */
export async function findVpnOf(
  info: ContainerInspectInfo,
  client: DockerClient,
  network: EngineNetwork,
): Promise<string | null> {
  const joined = joinedContainer(info);
  if (network.kind !== 'vpn' || joined === null) return null;
  const noted = vpnLabelOf(info.Config.Labels ?? {});
  if (noted !== undefined && network.containers.includes(noted)) return noted;
  const ids = await Promise.all(network.containers.map((name) => findContainerId(client, name)));
  return network.containers[ids.indexOf(joined)] ?? network.containers[0];
}
