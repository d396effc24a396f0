import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WireStats, WireTotalStats } from '../../../src/service/api/views/stats.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface EngineReply {
  container_id: string;
  health_status: string;
  version: string | null;
  labels: Record<string, string>;
  port: number;
}

describeWithDocker('engines in Docker', (docker) => {
  let service: DockerService;

  beforeAll(async () => {
    service = await startDockerService(docker);
  });
  afterAll(() => service.close());

  it('are provisioned, sampled and deleted, with correct answers after each step', async () => {
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(0);

    const engine = await service.provision({ labels: { purpose: 'test' }, env: { GREETING: 'hello' } });
    expect(engine.container_id).toMatch(/^[0-9a-f]{64}$/);
    const total = await service.get<WireTotalStats>('/engines/stats/total');
    expect(total.body.container_count).toBe(1);
    // The program has hardly started yet.
    expect(total.body.total_memory_usage).toBeGreaterThan(0);

    const stats = await service.get<WireStats>(`/engines/${engine.container_id}/stats`);
    expect(stats.body.memory_usage).toBeGreaterThan(0);
    expect(stats.body.network_scope).toBe('own');

    const healthy = await waitUntil(
      'the engine is healthy',
      async () => {
        const { body } = await service.get<EngineReply[]>('/engines');
        return body.find(({ health_status }) => health_status === 'healthy');
      },
      10_000,
    );
    const hasLoaded = async () =>
      (await service.get<WireStats>(`/engines/${engine.container_id}/stats`)).body.memory_usage > 1_000_000;
    await waitUntil('its memory is counted', hasLoaded, 10_000);
    expect(healthy).toMatchObject({
      container_id: engine.container_id,
      port: engine.host_http_port,
      labels: { purpose: 'test' },
    });
    expect(healthy.version).toContain('3.');

    const env = await cli(docker.socket, 'inspect', '--format', '{{.Config.Env}}', engine.container_id);
    expect(env).toContain('GREETING=hello');

    const deleted = await service.write('DELETE', `/containers/${engine.container_id}`);
    expect(deleted).toMatchObject({ status: 200, body: { deleted: engine.container_id } });
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(0);
    expect(await cli(docker.socket, 'ps', '--all', '--quiet', '--filter', `id=${engine.container_id}`)).toBe(
      '',
    );
  });

  it('are only containers with the label', async () => {
    const other = await cli(
      docker.socket,
      'run',
      '--detach',
      '--network',
      'none',
      '--label',
      uniqueLabel(),
      docker.busyboxImage,
    );
    const before = await service.get<unknown[]>('/engines');
    expect(before.body).not.toContainEqual(expect.objectContaining({ container_id: other }));
    expect((await service.get(`/engines/${other}/stats`)).status).toBe(404);
    expect((await service.write('DELETE', `/containers/${other}`)).status).toBe(404);
    expect(await cli(docker.socket, 'inspect', '--format', '{{.State.Running}}', other)).toBe('true');
    await cli(docker.socket, 'rm', '--force', other);
  });

  it('can be killed by another program, which changes the answers', async () => {
    const engine = await service.provision();
    // On a busy machine, its start continues after the response.
    const isCounted = async () => {
      const total = await service.get<WireTotalStats>('/engines/stats/total');
      const status = await service.get<WireStatus>('/orchestrator/status');
      return total.body.container_count === 1 && status.body.engines.running === 1;
    };
    await waitUntil('both answers contain it', isCounted, 15_000);
    await cli(docker.socket, 'kill', engine.container_id);
    // Less than any TTL: only the event can have caused this.
    const isCorrect = async () => {
      const total = await service.get<WireTotalStats>('/engines/stats/total');
      const status = await service.get<WireStatus>('/orchestrator/status');
      return total.body.container_count === 0 && status.body.engines.total === 0;
    };
    await waitUntil('both answers are correct', isCorrect, 1000);
  });

  it('start 20 at a time on 20 ports, and never more than MAX_REPLICAS', async () => {
    const replies = await Promise.all(
      Array.from({ length: 26 }, () =>
        service.write<{ host_http_port: number }>('POST', '/provision/acestream'),
      ),
    );
    const started = replies.filter(({ status }) => status === 200);
    expect(started).toHaveLength(20);
    expect(new Set(started.map(({ body }) => body.host_http_port)).size).toBe(20);
    const refused = replies.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(6);
    expect(refused[0]?.body).toMatchObject({
      detail: { error: 'provisioning_blocked', code: 'max_capacity' },
    });

    await waitUntil(
      'all are counted',
      async () => (await service.get<WireTotalStats>('/engines/stats/total')).body.container_count === 20,
      15_000,
    );
    const engines = (await service.get<EngineReply[]>('/engines')).body;
    expect(engines.map(({ port }) => port)).toEqual(engines.map(({ port }) => port).sort((a, b) => a - b));
    await Promise.all(engines.map(({ container_id }) => service.write('DELETE', `/engines/${container_id}`)));
    expect((await service.get<unknown[]>('/engines')).body).toEqual([]);
  });

  it('cannot start without their image: the error names it, and no container remains', async () => {
    const label = uniqueLabel();
    const withoutImage = await startDockerService(
      { ...docker, engineImage: 'no-such-image:1' },
      { CONTAINER_LABEL: label },
    );
    const reply = await withoutImage.write('POST', '/provision/acestream');
    expect(reply.status).toBe(503);
    expect(reply.body).toMatchObject({
      code: 'image_missing',
      detail: { code: 'image_missing', should_wait: false },
    });
    expect(JSON.stringify(reply.body)).toContain('docker pull no-such-image:1');
    expect(await cli(docker.socket, 'ps', '--all', '--quiet', '--filter', `label=${label}`)).toBe('');
    await withoutImage.close();
  });

  it('cannot use a port of another program: a requested one is refused, otherwise the next is used', async () => {
    const { first, last } = await freePortRange();
    const published = `127.0.0.1:${first}:80`;
    const blocking = await cli(docker.socket, 'run', '--detach', '--publish', published, docker.busyboxImage);
    const choosing = await startDockerService(docker, { PORT_RANGE_HOST: `${first}-${last}` });
    const requested = await choosing.write('POST', '/provision/acestream', { host_port: first });
    expect(requested).toMatchObject({ status: 409, body: { code: 'port_taken' } });
    const chosen = await choosing.provision();
    expect(chosen.host_http_port).toBe(first + 1);
    await choosing.write('DELETE', `/engines/${chosen.container_id}`);
    await choosing.close();
    await cli(docker.socket, 'rm', '--force', blocking);
  });

  it("have separate ports on the host's network", async () => {
    const onHost = await startDockerService(docker, { DOCKER_NETWORK: 'host' });
    const engines = await Promise.all([onHost.provision(), onHost.provision()]);
    expect(new Set(engines.map(({ host_http_port }) => host_http_port)).size).toBe(2);
    const healthy = async () => {
      const { body } = await onHost.get<EngineReply[]>('/engines');
      return body.length === 2 && body.every(({ health_status }) => health_status === 'healthy');
    };
    await waitUntil('both answer', healthy, 10_000);
    await Promise.all(engines.map(({ container_id }) => onHost.write('DELETE', `/engines/${container_id}`)));
    await onHost.close();
  });

  it('are adopted when the service restarts', async () => {
    const label = uniqueLabel();
    const first = await startDockerService(docker, { CONTAINER_LABEL: label });
    const engine = await first.provision({ labels: { kept: 'yes' } });
    await first.close();
    expect(await cli(docker.socket, 'inspect', '--format', '{{.State.Running}}', engine.container_id)).toBe(
      'true',
    );

    const second = await startDockerService(docker, { CONTAINER_LABEL: label });
    const { body } = await second.get<EngineReply[]>('/engines');
    expect(body).toMatchObject([
      { container_id: engine.container_id, port: engine.host_http_port, labels: { kept: 'yes' } },
    ]);
    expect((await second.provision()).host_http_port).not.toBe(engine.host_http_port);
    for (const { container_id } of (await second.get<EngineReply[]>('/engines')).body) {
      await second.write('DELETE', `/engines/${container_id}`);
    }
    await second.close();
  });
});
