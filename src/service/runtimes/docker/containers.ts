import type { ContainerInspectInfo } from 'dockerode';
import type { Label } from '../../config/values.ts';
import type { RuntimeEngine } from '../../engines/runtime.ts';
import { joinedContainer } from './engine-vpn.ts';
import { parseLabels } from './labels.ts';
import { type EngineNetwork, hostOf } from './network.ts';

/** What sampling needs to know of a container, beside what the domain is told. */
export interface EngineContainer {
  engine: RuntimeEngine;
  /** First process, as the daemon's host numbers it. */
  pid: number;
  startedAt: number;
  /** Whether its output comes from a terminal, as it is; otherwise Docker frames it. */
  hasTerminal: boolean;
  /** Whose network namespace it uses: its own id, another container's, or null for the host's. */
  networkNamespace: string | null;
}

const USUAL_HTTP_PORT = 6878;

/**
 * Reads a container that runs; null for one that does not, or that is not ours.
 * @param vpnContainer name of the VPN container whose network it uses, or null.
 */
export function readContainer(
  info: ContainerInspectInfo,
  known: Label,
  network: EngineNetwork,
  engineHost: string | null,
  vpnContainer: string | null,
): EngineContainer | null {
  const all = info.Config.Labels ?? {};
  if (all[known.name] !== known.value || !info.State.Running) return null;
  const name = info.Name.replace(/^\//, '');
  const { labels, variant, ports, forwardedPort } = parseLabels(known, all);
  const startedAt = Date.parse(info.State.StartedAt);
  const hostHttp = ports.hostHttp ?? firstPublishedPort(info) ?? USUAL_HTTP_PORT;
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
    startedAt,
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

/** For containers that bear our label but were made by somebody else. */
function firstPublishedPort(info: ContainerInspectInfo): number | undefined {
  for (const bindings of Object.values(info.NetworkSettings.Ports ?? {})) {
    const port = Number(bindings?.[0]?.HostPort);
    if (port > 0) return port;
  }
  return undefined;
}
