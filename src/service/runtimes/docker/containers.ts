import type { ContainerInspectInfo } from 'dockerode';
import type { Label } from '../../config/values.ts';
import type { RuntimeEngine } from '../../engines/runtime.ts';
import { joinedContainer } from './engine-vpn.ts';
import { parseLabels, toPort } from './labels.ts';
import { type EngineNetwork, hostOf } from './network.ts';

/** An engine and the details of its container that sampling and logs need. */
export interface EngineContainer {
  engine: RuntimeEngine;
  /** Its first process, as numbered on the daemon's host. */
  pid: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Whether it has a terminal, so that its output is raw; otherwise Docker multiplexes it. */
  hasTerminal: boolean;
  /** Id of the container whose network namespace it uses, its own or another's; null for the host's. */
  networkNamespace: string | null;
}

const DEFAULT_HTTP_PORT = 6878;

/**
 * Converts an inspected container.
 * @param managed the label of managed containers
 * @param engineHost ENGINE_HOST, or null
 * @param vpnContainer name of the VPN container whose network it uses, or null
 * @returns null if it is not running or not managed
 */
export function readContainer(
  info: ContainerInspectInfo,
  managed: Label,
  network: EngineNetwork,
  engineHost: string | null,
  vpnContainer: string | null,
): EngineContainer | null {
  const all = info.Config.Labels ?? {};
  if (all[managed.name] !== managed.value || !info.State.Running) return null;
  const name = info.Name.replace(/^\//, '');
  const { labels, variant, ports, forwardedPort } = parseLabels(managed, all);
  const startedAt = Date.parse(info.State.StartedAt);
  const hostHttp = ports.hostHttp ?? firstPublishedPort(info) ?? DEFAULT_HTTP_PORT;
  const engine: RuntimeEngine = {
    id: info.Id,
    name,
    host: hostOf(network, engineHost, { name, vpnContainer }),
    ports: {
      hostHttp,
      containerHttp: ports.containerHttp ?? hostHttp,
      containerHttps: ports.containerHttps ?? hostHttp + 1,
    },
    labels,
    vpnContainer,
    vpnContainerId: vpnContainer === null ? null : joinedContainer(info),
    forwardedPort,
    variant,
    image: info.Config.Image,
    createdAt: Date.parse(info.Created),
    startedAt,
    paused: info.State.Paused,
  };
  return {
    engine,
    pid: info.State.Pid,
    startedAt,
    hasTerminal: info.Config.Tty,
    networkNamespace: namespaceOf(info),
  };
}

function namespaceOf(info: ContainerInspectInfo): string | null {
  return info.HostConfig.NetworkMode === 'host' ? null : (joinedContainer(info) ?? info.Id);
}

/** For containers with the label that were not created by Roundhouse. */
function firstPublishedPort(info: ContainerInspectInfo): number | undefined {
  for (const bindings of Object.values(info.NetworkSettings.Ports ?? {})) {
    const port = toPort(bindings?.[0]?.HostPort);
    if (port !== undefined) return port;
  }
  return undefined;
}
