import pLimit from 'p-limit';
import type { DockerService } from '../docker/docker-service.ts';
import { waitUntil } from '../wait-until.ts';
import type { Swarm } from './swarm.ts';
import type { SwarmNode } from './swarm-node.ts';

const TIMEOUT_MS = 60_000;
/** Engines that are started at the same time. */
const MAX_STARTS = 4;

/** What tests read of an engine in `GET /engines`. */
export interface SwarmEngine {
  container_id: string;
  container_name: string;
  host: string;
  port: number;
  health_status: string;
  paused: boolean;
  streams: string[];
  labels: Record<string, string>;
  node: { id: string; name: string } | null;
}

/** Reads the engines. */
export async function readEngines(service: DockerService): Promise<SwarmEngine[]> {
  return (await service.get<SwarmEngine[]>('/engines')).body;
}

/** What the response to a provisioning contains. */
export type ProvisionedEngine = Awaited<ReturnType<DockerService['provision']>>;

/** Provisions an engine, and again if a manager on a busy machine does not respond in time, as clients do. */
export function provisionEngine(service: DockerService, body: object = {}): Promise<ProvisionedEngine> {
  const provision = async () => {
    const reply = await service.write<ProvisionedEngine & { code?: string }>(
      'POST',
      '/provision/acestream',
      body,
    );
    return reply.body.code !== 'runtime_unavailable' && reply;
  };
  return waitUntil('a manager responds', provision, TIMEOUT_MS).then(({ status, body: engine }) => {
    if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(engine)}`);
    return engine;
  });
}

/** Provisions engines, a few at a time, until there are this many, and waits until all are healthy. */
export async function startEngines(service: DockerService, count: number): Promise<SwarmEngine[]> {
  const limit = pLimit(MAX_STARTS);
  const start = async () => {
    if ((await readEngines(service)).length < count) await provisionEngine(service);
  };
  await Promise.all(Array.from({ length: count }, () => limit(start)));
  return await waitForHealthy(service, count);
}

/** Resolves when there are exactly this many engines, and all are healthy. */
export function waitForHealthy(service: DockerService, count: number): Promise<SwarmEngine[]> {
  const areHealthy = async () => {
    const engines = await readEngines(service);
    return (
      engines.length === count &&
      engines.every(({ health_status: health }) => health === 'healthy') &&
      engines
    );
  };
  return waitUntil(`${count} engines are healthy`, areHealthy, TIMEOUT_MS);
}

/** The container of an engine, by its node and id. */
export async function findContainer(
  swarm: Swarm,
  { container_id: id, host }: Pick<SwarmEngine, 'container_id' | 'host'>,
): Promise<{ node: SwarmNode; containerId: string }> {
  const node = swarm.nodes.find(({ address }) => address === host)!;
  const filter = `label=com.docker.swarm.service.id=${id}`;
  return { node, containerId: await node.docker('ps', '--quiet', '--no-trunc', '--filter', filter) };
}

/** Kills the container of an engine, as an operator does on its node. */
export async function killContainer(swarm: Swarm, engine: SwarmEngine): Promise<void> {
  const { node, containerId } = await findContainer(swarm, engine);
  await node.docker('kill', containerId);
}

/** Names of the services that exist. */
export async function serviceNames(swarm: Swarm): Promise<string[]> {
  const names = await swarm.node(1).docker('service', 'ls', '--format', '{{.Name}}');
  return names.split('\n').filter(Boolean).sort();
}

/** Removes all services, and waits until their containers are gone. */
export async function removeServices(swarm: Swarm): Promise<void> {
  const names = await serviceNames(swarm);
  if (names.length > 0) await swarm.node(1).docker('service', 'rm', ...names);
  const areGone = async () =>
    (await Promise.all(swarm.nodes.map((node) => node.docker('ps', '--quiet')))).every((ids) => ids === '');
  await waitUntil('all containers are gone', areGone, TIMEOUT_MS);
}
