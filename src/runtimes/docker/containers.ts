import type { ContainerInspectInfo } from 'dockerode';
import type { Label } from '../../config/values.ts';
import type { RuntimeEngine } from '../../engines/runtime.ts';
import { readLabels } from './labels.ts';
import { type EngineNetwork, hostOf } from './network.ts';

/** What sampling needs to know of a container, beside what the domain is told. */
export interface EngineContainer {
  engine: RuntimeEngine;
  /** First process, as the daemon's host numbers it. */
  pid: number;
  startedAt: number;
  /** Whose network namespace it uses: its own id, another container's, or null for the host's. */
  networkNamespace: string | null;
}

const USUAL_HTTP_PORT = 6878;

/** Reads a container that runs; null for one that does not, or that is not ours. */
export function readContainer(
  info: ContainerInspectInfo,
  known: Label,
  network: EngineNetwork,
  engineHost: string | null,
): EngineContainer | null {
  const all = info.Config.Labels ?? {};
  if (all[known.name] !== known.value || !info.State.Running) return null;
  const name = info.Name.replace(/^\//, '');
  const { labels, variant, ports } = readLabels(known, all);
  const startedAt = Date.parse(info.State.StartedAt);
  const hostHttp = ports.hostHttp ?? firstPublishedPort(info) ?? USUAL_HTTP_PORT;
  const mode = info.HostConfig.NetworkMode ?? '';
  const engine: RuntimeEngine = {
    id: info.Id,
    name,
    host: hostOf(network, name, engineHost),
    ports: {
      hostHttp,
      containerHttp: ports.containerHttp ?? hostHttp,
      containerHttps: ports.containerHttps ?? hostHttp + 1,
    },
    labels,
    vpnContainer: mode.startsWith('container:') && network.kind === 'vpn' ? network.container : null,
    variant,
    startedAt,
  };
  return { engine, pid: info.State.Pid, startedAt, networkNamespace: namespaceOf(info.Id, mode) };
}

function namespaceOf(id: string, mode: string): string | null {
  if (mode === 'host') return null;
  return mode.startsWith('container:') ? mode.slice('container:'.length) : id;
}

/** For containers that bear our label but were made by somebody else. */
function firstPublishedPort(info: ContainerInspectInfo): number | undefined {
  for (const bindings of Object.values(info.NetworkSettings.Ports ?? {})) {
    const port = Number(bindings?.[0]?.HostPort);
    if (port > 0) return port;
  }
  return undefined;
}
