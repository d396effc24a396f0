import type { Label } from '../../config/values.ts';
import type { RuntimeEngine } from '../../engines/runtime.ts';
import { parseLabels } from '../docker/labels.ts';
import type { SwarmNode } from './nodes.ts';
import type { ServiceInfo, TaskInfo } from './replies.ts';

const DEFAULT_HTTP_PORT = 6878;
/** States of a task that has ended or will not start. */
const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);

/** Whether the task of an engine will start, or runs, according to Swarm. */
export function isAlive(task: TaskInfo): boolean {
  return !ENDED.has(task.Status.State) && !['shutdown', 'remove'].includes(task.DesiredState);
}

/**
 * The latest task of each service. Swarm keeps earlier ones for a while. One that runs is the latest whatever the times
 * are: they come from the clocks of the managers, and each leader has its own.
 */
export function latestTasks(tasks: readonly TaskInfo[]): Map<string, TaskInfo> {
  const latest = new Map<string, TaskInfo>();
  for (const task of tasks) {
    if (!task.ServiceID) continue;
    const other = latest.get(task.ServiceID);
    if (!other || isLater(task, other)) latest.set(task.ServiceID, task);
  }
  return latest;
}

function isLater(task: TaskInfo, other: TaskInfo): boolean {
  if (isAlive(task) !== isAlive(other)) return isAlive(task);
  return Date.parse(task.CreatedAt) > Date.parse(other.CreatedAt);
}

/** Whether a service is a managed engine: it has the label, and one replica. */
export function isManaged({ Spec }: ServiceInfo, managed: Label): boolean {
  return Spec.Labels?.[managed.name] === managed.value && Spec.Mode?.Replicated?.Replicas === 1;
}

/**
 * Ports of the nodes that a service publishes, as requested and as assigned. Swarm assigns them some milliseconds after
 * the service was created, when another orchestrator may already compare ports.
 */
export function publishedPorts({ Spec, Endpoint }: ServiceInfo): number[] {
  const ports = [...(Spec.EndpointSpec?.Ports ?? []), ...(Endpoint?.Ports ?? [])];
  return [...new Set(ports.flatMap(({ PublishedPort }) => PublishedPort ?? []))];
}

/**
 * Converts a managed service whose task has a node.
 * @param engineHost ENGINE_HOST, or null
 */
export function readServiceEngine(
  service: ServiceInfo,
  task: TaskInfo,
  node: SwarmNode,
  { managed, engineHost }: { managed: Label; engineHost: string | null },
): RuntimeEngine {
  const { labels, variant, ports } = parseLabels(managed, service.Spec.Labels ?? {});
  const published = (service.Endpoint?.Ports ?? service.Spec.EndpointSpec?.Ports)?.[0];
  const hostHttp = published?.PublishedPort ?? ports.hostHttp ?? DEFAULT_HTTP_PORT;
  const containerHttp = ports.containerHttp ?? published?.TargetPort ?? hostHttp;
  return {
    id: service.ID,
    name: service.Spec.Name,
    node: { id: node.id, name: node.name },
    host: engineHost ?? node.address,
    ports: { hostHttp, containerHttp, containerHttps: ports.containerHttps ?? containerHttp + 1 },
    labels,
    vpnContainer: null,
    vpnContainerId: null,
    forwardedPort: null,
    variant,
    image: service.Spec.TaskTemplate.ContainerSpec?.Image ?? null,
    createdAt: Date.parse(service.CreatedAt),
    startedAt: task.Status.State === 'running' ? Date.parse(task.Status.Timestamp) : null,
    paused: false,
  };
}
