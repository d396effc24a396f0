import type { ContainerInspectInfo } from 'dockerode';
import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';
import type { JoinedVpn } from './create.ts';
import { vpnLabelOf } from './labels.ts';
import type { EngineNetwork } from './network.ts';
import { checkReply } from './replies.ts';

/** Id of the container whose network a container has joined, or null. */
export function joinedContainer(info: ContainerInspectInfo): string | null {
  const mode = info.HostConfig.NetworkMode ?? '';
  return mode.startsWith('container:') ? mode.slice('container:'.length) : null;
}

/** Id of the container with that name, or null. */
async function findContainerId(client: DockerClient, name: string): Promise<string | null> {
  const container = client.docker.getContainer(name);
  try {
    const inspected = await client.call('inspect', (abortSignal) => container.inspect({ abortSignal }));
    return checkReply('vpn', inspected).Id;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/**
 * Name of the VPN container whose network an engine's container has joined, or null. The label names it even if
 * that VPN has been recreated since. Without a label, or with one that is no longer configured, the VPN is
 * found by its id. Without a match, it is the first VPN: the engine dates from when only one was supported.
 */
export async function findVpnOf(
  info: ContainerInspectInfo,
  client: DockerClient,
  network: EngineNetwork,
): Promise<string | null> {
  const joined = joinedContainer(info);
  if (network.kind !== 'vpn' || joined === null) return null;
  const labelled = vpnLabelOf(info.Config.Labels ?? {});
  if (labelled !== undefined && network.containers.includes(labelled)) return labelled;
  const ids = await Promise.all(network.containers.map((name) => findContainerId(client, name)));
  return network.containers[ids.indexOf(joined)] ?? network.containers[0];
}

/**
 * Finds the VPN container whose network a new engine joins.
 * @param requested name of the VPN container; by default the first one
 * @returns undefined without a VPN
 * @throws RoundhouseError `provisioning_failed` if it does not exist
 */
export async function findVpnToJoin(
  requested: string | null | undefined,
  client: DockerClient,
  network: EngineNetwork,
): Promise<JoinedVpn | undefined> {
  if (network.kind !== 'vpn') return undefined;
  const vpnContainer = requested ?? network.containers[0];
  const vpnContainerId = await findContainerId(client, vpnContainer);
  if (vpnContainerId !== null) return { vpnContainer, vpnContainerId };
  throw new RoundhouseError('provisioning_failed', `The VPN container ${vpnContainer} does not exist`);
}
