import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SOON_MS = 15_000;

interface EngineReply {
  container_id: string;
  health_status: string;
  paused: boolean;
  port: number;
  streams: string[];
}

describeWithDocker('containers of engines', (docker) => {
  const inspect = (id: string, format: string) => cli(docker.socket, 'inspect', '--format', format, id);
  const managed = (label: string) =>
    cli(docker.socket, 'ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`);

  async function onlyEngine(service: DockerService): Promise<EngineReply | undefined> {
    return (await service.get<EngineReply[]>('/engines')).body[0];
  }

  it('that are paused keep their streams, and go on as before', async () => {
    const service = await startDockerService(docker);
    const { container_id: id, host_http_port: port } = await service.provision();
    const isHealthy = async () => (await onlyEngine(service))?.health_status === 'healthy';
    await waitUntil('the engine is healthy', isHealthy, SOON_MS);
    const url = `http://127.0.0.1:${port}/ace/getstream?format=json&id=${'a'.repeat(40)}`;
    const { response: session } = (await (await fetch(url)).json()) as { response: Record<string, string> };
    await service.write('POST', '/events/stream_started', {
      container_id: id,
      engine: { host: '127.0.0.1', port },
      stream: { key_type: 'infohash', key: 'a'.repeat(40) },
      session: {
        playback_session_id: session.playback_session_id,
        stat_url: session.stat_url,
        command_url: session.command_url,
        is_live: 1,
      },
      labels: { stream_id: 's' },
    });

    await cli(docker.socket, 'pause', id);
    const paused = await waitUntil(
      'it is shown as paused',
      async () => {
        const engine = await onlyEngine(service);
        return engine?.paused ? engine : undefined;
      },
      SOON_MS,
    );
    expect(paused).toMatchObject({ container_id: id, health_status: 'unknown', streams: ['s'] });
    // A list does not end it either.
    await service.app.api.inject({ method: 'GET', url: '/readyz' });

    await cli(docker.socket, 'unpause', id);
    await waitUntil('it is healthy again', isHealthy, SOON_MS);
    expect(await onlyEngine(service)).toMatchObject({ paused: false, streams: ['s'] });
    const { body: events } = await service.get<{ message: string }[]>(`/events?container_id=${id}`);
    const messages = events.map(({ message }) => message.replace(/^Engine \S+ /, ''));
    expect(messages).toEqual(expect.arrayContaining(['is paused', 'runs again after a pause']));
    expect(messages).not.toContain('is no longer running');
    await service.write('DELETE', `/engines/${id}`);
    await service.close();
  });

  it('that are paused when the service starts are adopted', async () => {
    const label = uniqueLabel();
    const run = ['run', '--detach', '--label', label, docker.busyboxImage];
    const id = await cli(docker.socket, ...run);
    await cli(docker.socket, 'pause', id);
    const service = await startDockerService(docker, { CONTAINER_LABEL: label });
    expect(await onlyEngine(service)).toMatchObject({ container_id: id, paused: true });
    await cli(docker.socket, 'unpause', id);
    await service.write('DELETE', `/engines/${id}`);
    await service.close();
  });

  it('that another orchestrator has made are adopted with their ports and labels', async () => {
    const label = uniqueLabel();
    const labels = [
      'host.http_port=19007',
      'acestream.http_port=40000',
      'acestream.engine_variant=jopsis-amd64',
    ];
    const options = [label, ...labels].flatMap((each) => ['--label', each]);
    const id = await cli(docker.socket, 'run', '--detach', ...options, docker.busyboxImage);
    const service = await startDockerService(docker, { CONTAINER_LABEL: label });
    expect(await onlyEngine(service)).toMatchObject({
      container_id: id,
      port: 19_007,
      engine_variant: 'jopsis-amd64',
      labels: { 'host.http_port': '19007', 'acestream.http_port': '40000' },
    });
    const { body } = await service.get(`/containers/${id}`);
    expect(body).toMatchObject({ id, status: 'running', image: docker.busyboxImage });
    expect(body.ports).toEqual({ '40000/tcp': [{ HostIp: '127.0.0.1', HostPort: '19007' }] });
    await service.write('DELETE', `/engines/${id}`);
    await service.close();
  });

  it('that were created and never started are removed on connecting, if they are of this service', async () => {
    const label = uniqueLabel();
    const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-docker-'));
    const settings = { CONTAINER_LABEL: label, DATA_DIR: dataDir, MONITOR_INTERVAL_S: '0.5' };
    const first = await startDockerService(docker, settings);
    const { container_id } = await first.provision();
    const instance = await inspect(container_id, '{{index .Config.Labels "roundhouse.instance"}}');
    await first.write('DELETE', `/engines/${container_id}`);
    await first.app.close();

    const create = (...options: string[]) =>
      cli(docker.socket, 'create', '--label', label, ...options, docker.busyboxImage);
    // As left behind by a service that was killed between the two calls.
    const own = await create('--label', `roundhouse.instance=${instance}`);
    const foreign = await create('--label', 'roundhouse.instance=another');
    const second = await startDockerService(docker, settings);
    await waitUntil('it is removed', async () => !(await managed(label)).includes(own), SOON_MS);
    // Another service may be about to start it.
    expect(await managed(label)).toBe(foreign);
    // And while the service runs.
    const later = await create('--label', `roundhouse.instance=${instance}`);
    await waitUntil(
      'the later one is removed too',
      async () => !(await managed(label)).includes(later),
      SOON_MS,
    );
    await cli(docker.socket, 'rm', foreign);
    await second.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('that exit at once are a failed provisioning, which says so', async () => {
    const label = uniqueLabel();
    const service = await startDockerService(
      { ...docker, engineImage: docker.busyboxImage },
      { CONTAINER_LABEL: label, ENGINE_COMMAND: 'sh -c "sleep 0.1; exit 3"' },
    );
    // On a busy machine, a start may take so long that the response has to be sent before the exit.
    const refused = async () => {
      const reply = await service.write('POST', '/provision/acestream');
      return reply.status !== 200 && reply;
    };
    const reply = await waitUntil('the exit is seen before the response', refused, SOON_MS);
    expect(reply).toMatchObject({ status: 503, body: { code: 'engine_exited' } });
    expect(reply.body.detail).toMatchObject({ error: 'provisioning_failed', code: 'engine_exited' });
    await waitUntil('no container remains', async () => (await managed(label)) === '', SOON_MS);
    expect((await service.get('/engines')).body).toEqual([]);
    await service.close();
  });

  it("do not get a port of the host's network that another program uses", async () => {
    const { first, last } = await freePortRange();
    const program = createServer().listen(first, '127.0.0.1');
    await once(program, 'listening');
    const settings = { DOCKER_NETWORK: 'host', PORT_RANGE_HOST: `${first}-${last}` };
    const service = await startDockerService(docker, settings);
    const requested = await service.write('POST', '/provision/acestream', { host_port: first });
    expect(requested).toMatchObject({ status: 409, body: { code: 'port_taken' } });
    const engine = await service.provision();
    expect(engine.host_http_port).toBeGreaterThan(first);
    await service.write('DELETE', `/engines/${engine.container_id}`);
    await service.close();
    program.close();
  });

  it('of two services without Redis have separate ports, and are never more than MAX_REPLICAS', async () => {
    const { first, last } = await freePortRange();
    const settings = {
      DOCKER_NETWORK: 'host',
      PORT_RANGE_HOST: `${first}-${last}`,
      CONTAINER_LABEL: uniqueLabel(),
      MAX_REPLICAS: '6',
    };
    const two = [await startDockerService(docker, settings), await startDockerService(docker, settings)];
    const replies = await Promise.all(
      two.flatMap((service) =>
        Array.from({ length: 6 }, () =>
          service.write<{ container_id: string; host_http_port: number }>('POST', '/provision/acestream'),
        ),
      ),
    );
    const started = replies.filter(({ status }) => status === 200);
    expect(started.length).toBeGreaterThan(0);
    expect(started.length).toBeLessThanOrEqual(6);
    expect(new Set(started.map(({ body }) => body.host_http_port)).size).toBe(started.length);
    const running = (await managed(settings.CONTAINER_LABEL)).split('\n');
    expect(running.sort()).toEqual(started.map(({ body }) => body.container_id).sort());
    for (const { body } of started) await two[0]!.write('DELETE', `/engines/${body.container_id}`);
    for (const service of two) await service.close();
  });
});
