import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSystemClock } from '../../../src/library/cache/index.ts';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { EngineUsageReader } from '../../../src/service/engines/usage.ts';
import { DockerClient } from '../../../src/service/runtimes/docker/client.ts';
import { DockerRuntime } from '../../../src/service/runtimes/docker/docker-runtime.ts';
import {
  type DockerSampleSource,
  sampleFromApi,
  sampleFromCgroup,
} from '../../../src/service/runtimes/docker/sampler.ts';
import { AdoptedContainers } from '../../support/docker/adopted-containers.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { waitUntil } from '../../support/wait-until.ts';

const MB = 2 ** 20;

describeWithDocker('samples of containers', (docker) => {
  const label = uniqueLabel();
  const [name = '', value = ''] = label.split('=');
  const client = new DockerClient({ host: `unix://${docker.socket}`, timeoutS: 5, concurrency: 10 });
  let service: DockerService;
  let containers: AdoptedContainers;

  beforeAll(async () => {
    service = await startDockerService(docker, { CONTAINER_LABEL: label });
    containers = new AdoptedContainers(docker, service, label);
  });
  afterAll(async () => {
    await containers.removeAll();
    await service.close();
  });

  function runtimeWith(source: DockerSampleSource): DockerRuntime {
    const options = {
      variant: 'krinkuto11-amd64',
      image: null,
      command: null,
      label: { name, value },
      network: { kind: 'published', address: '127.0.0.1' },
      engineHost: null,
      memoryLimit: null,
      armVersions: { arm32: '3.2.13', arm64: '3.2.13' },
      maxEngines: 1000,
      isLocal: true,
      instance: 'test',
    } as const;
    return new DockerRuntime(client, options, source);
  }

  async function sample(id: string, source: DockerSampleSource): Promise<ResourceSample> {
    const sampled = (await runtimeWith(source).sample([id], AbortSignal.timeout(10_000))).get(id);
    if (!sampled) throw new Error('the container could not be sampled');
    return sampled;
  }

  it('are the same from the kernel and from the Docker API', async () => {
    const id = await containers.run(
      'dd if=/dev/zero of=/tmp/file bs=1M count=20; sync; while :; do sleep 1; done',
      '--memory',
      '256m',
    );
    await waitUntil(
      'the file is written',
      async () => (await cli(docker.socket, 'exec', id, 'stat', '-c', '%s', '/tmp/file')) === `${20 * MB}`,
      10_000,
    );
    const kernel = await sample(id, sampleFromCgroup);
    const api = await sample(id, sampleFromApi(client));
    expect(kernel.memoryLimit).toBe(256 * MB);
    expect(api.memoryLimit).toBe(256 * MB);
    expect(Math.abs(kernel.memoryUsage - api.memoryUsage)).toBeLessThan(2 * MB);
    expect(api.cpuNs).toBeGreaterThanOrEqual(kernel.cpuNs);
    expect(api.cpuNs - kernel.cpuNs).toBeLessThan(1e9);
    expect(kernel.networkNamespace).toBe(id);
    expect(api.networkNamespace).toBe(id);
    // The 20 MB that were written are page cache, which the kernel can reclaim.
    expect(kernel.memoryUsage).toBeLessThan(15 * MB);
    await cli(docker.socket, 'rm', '--force', id);
  });

  it('give the CPU usage of a container as percent of one core', async () => {
    const busy = await containers.run('while :; do :; done');
    // The first value is the mean since the start, which includes the CPU time of starting the container.
    const isOneCore = async () => {
      const { body } = await service.get<{ cpu_percent: number }>(`/engines/${busy}/stats`);
      return body.cpu_percent > 10 && body.cpu_percent < 110;
    };
    await waitUntil('its usage is that of one core', isOneCore, 15_000);
    await cli(docker.socket, 'rm', '--force', busy);
  });

  it.each([
    ['the kernel', sampleFromCgroup],
    ['the Docker API', sampleFromApi(client)],
  ])('count a shared network once, from %s', async (_source, source) => {
    const owner = await containers.run(
      'head -c 200000 /dev/zero > /page; busybox httpd -f -p 80 -h /',
      '--publish',
      '127.0.0.1::80',
    );
    const guest = () => containers.run('sleep 600', '--network', `container:${owner}`);
    const ids = [owner, await guest(), await guest()];
    const published = await cli(docker.socket, 'port', owner, '80');
    const fetchPage = async () => {
      const response = await fetch(`http://${published}/page`);
      return (await response.arrayBuffer()).byteLength === 200_000;
    };
    await waitUntil('the page is served', fetchPage, 5000);
    const runtime = runtimeWith(source);
    const samples = await runtime.sample(ids, AbortSignal.timeout(10_000));
    expect([...samples.values()].map(({ networkNamespace }) => networkNamespace)).toEqual([
      owner,
      owner,
      owner,
    ]);
    const alone = samples.get(owner);
    const registry = {
      assertAvailable() {},
      list: () => ids.map((id) => ({ id, startedAt: 1 })),
      get: () => ({}),
    };
    const stats = new EngineUsageReader(runtime, registry as never, createSystemClock());
    const total = await stats.total(AbortSignal.timeout(10_000));
    expect(alone?.networkTx).toBeGreaterThan(200_000);
    expect(total.networkTx).toBeLessThan(2 * (alone?.networkTx ?? 0));
    expect(total.engineCount).toBe(3);
    await cli(docker.socket, 'rm', '--force', ...ids);
  });

  it('do not include a stopped container', async () => {
    const id = await containers.run('sleep 600');
    await cli(docker.socket, 'kill', id);
    for (const source of [sampleFromCgroup, sampleFromApi(client)]) {
      expect(await runtimeWith(source).sample([id], AbortSignal.timeout(10_000))).toEqual(new Map());
    }
    await waitUntil(
      'it is no longer an engine',
      async () => (await service.get(`/engines/${id}`)).status === 404,
      2000,
    );
    await cli(docker.socket, 'rm', '--force', id);
  });

  it("have no network counters for a container on its host's network", async () => {
    const id = await containers.run('sleep 600', '--network', 'host');
    const { body } = await service.get(`/engines/${id}/stats`);
    expect(body).toMatchObject({ network_scope: 'host', network_rx_bytes: 0, network_tx_bytes: 0 });
    await cli(docker.socket, 'rm', '--force', id);
  });
});
