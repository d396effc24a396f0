import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DockerService } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 60_000;

interface WireEngine {
  container_id: string;
  container_name: string;
  host: string;
  port: number;
  health_status: string;
  node: { id: string; name: string } | null;
}

describe.skipIf('missing' in inject('docker'))('engines on a Swarm of three nodes', () => {
  let swarm: Swarm;
  let image: string;
  let service: DockerService;
  beforeAll(async () => {
    swarm = await startSwarm(3, 1);
    [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
  });
  afterAll(() => swarm.stop());
  afterEach(async () => {
    await service.close();
    const services = (await manager('service', 'ls', '--quiet')).split('\n').filter(Boolean);
    if (services.length > 0) await manager('service', 'rm', ...services);
    const areGone = async () =>
      (await Promise.all(swarm.nodes.map((node) => node.docker('ps', '--quiet')))).every((ids) => ids === '');
    await waitUntil('all containers are gone', areGone, TIMEOUT_MS);
  });

  const manager = (...args: string[]) => swarm.node(1).docker(...args);
  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const areHealthy = async (count: number) => {
    const listed = await engines();
    return (
      listed.length === count && listed.every(({ health_status: health }) => health === 'healthy') && listed
    );
  };

  it('are services with one task, reached at the address of their node, and removed with their service', async () => {
    service = await startSwarmService(swarm, image, [1], { MAX_REPLICAS: '12' });
    const provisioned = await Promise.all(Array.from({ length: 12 }, () => service.provision()));
    const listed = await waitUntil('all engines are healthy', () => areHealthy(12), TIMEOUT_MS);
    expect(listed.map(({ port }) => port)).toEqual([...new Set(listed.map(({ port }) => port))]);
    const addresses = new Set(listed.map(({ host }) => host));
    expect([...addresses].sort()).toEqual(swarm.nodes.map(({ address }) => address));
    for (const { host, node } of listed)
      expect(swarm.nodes.find(({ name }) => name === node?.name)?.address).toBe(host);

    const { container_id: id, container_name: name } = provisioned[0]!;
    expect(await manager('service', 'ls', '--quiet', '--filter', `name=${name}`)).toBe(id.slice(0, 12));
    const { status } = await service.write('DELETE', `/engines/${id}`);
    expect(status).toBe(200);
    expect((await engines()).map(({ container_id: other }) => other)).not.toContain(id);
    expect(await manager('service', 'ls', '--quiet', '--filter', `name=${name}`)).toBe('');
  });
});
