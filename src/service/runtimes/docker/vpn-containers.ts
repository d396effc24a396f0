import type { ContainerInspectInfo } from 'dockerode';
import type {
  VpnContainer,
  VpnContainerEvents,
  VpnContainerRestarts,
  VpnContainers,
} from '../../vpn/containers.ts';
import { type DockerClient, hasStatus } from './client.ts';
import { followEvents } from './events.ts';
import { checkReply } from './replies.ts';

/** Time for a container to stop before Docker kills it. */
const STOP_GRACE_S = 10;
const RESTART_TIMEOUT_MS = 60_000;

/** The configured VPN containers: the only ones that Roundhouse reads or restarts without its label. */
export class DockerVpnContainers implements VpnContainers, VpnContainerRestarts, VpnContainerEvents {
  readonly #client: DockerClient;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  async inspect(name: string, signal: AbortSignal): Promise<VpnContainer | null> {
    try {
      const container = this.#client.docker.getContainer(name);
      const inspected = await this.#client.call(
        'inspect',
        (abortSignal) => container.inspect({ abortSignal }),
        { signal },
      );
      const info = checkReply('vpn', inspected);
      return {
        id: info.Id,
        running: info.State.Running && !info.State.Paused && !info.State.Restarting,
        startedAt: Date.parse(info.State.StartedAt) || null,
        provider: providerOf(info),
        health: healthOf(info),
        address:
          Object.values(info.NetworkSettings.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress ??
          null,
      };
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  async restart(name: string): Promise<void> {
    const container = this.#client.docker.getContainer(name);
    try {
      await this.#client.call(
        'restart',
        (abortSignal) => container.restart({ t: STOP_GRACE_S, abortSignal }),
        {
          timeoutMs: RESTART_TIMEOUT_MS,
        },
      );
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  }

  follow(name: string, onChange: () => void): () => void {
    const filters = {
      type: ['container'],
      container: [name],
      event: ['create', 'start', 'die', 'destroy', 'health_status', 'pause', 'unpause', 'rename'],
    };
    return followEvents(this.#client, filters, {
      onEvent: onChange,
      onConnected: onChange,
      onDisconnected: onChange,
    });
  }
}

function providerOf(info: ContainerInspectInfo): string | null {
  // Null, contrary to its type, if neither the image nor the container sets a variable.
  const setting = (info.Config.Env ?? []).find((entry) => entry.startsWith('VPN_SERVICE_PROVIDER='));
  return setting?.slice('VPN_SERVICE_PROVIDER='.length) || null;
}

function healthOf(info: ContainerInspectInfo): VpnContainer['health'] {
  const health = info.State.Health?.Status;
  return health === 'healthy' || health === 'unhealthy' || health === 'starting' ? health : 'none';
}
