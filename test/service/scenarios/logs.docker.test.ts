import { afterAll, beforeAll, expect, it } from 'vitest';
import { AdoptedContainers } from '../../support/docker/adopted-containers.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import {
  API_KEY,
  type DockerService,
  startDockerService,
  uniqueLabel,
} from '../../support/docker/docker-service.ts';
import { type Dockerd, startDockerd } from '../../support/docker/dockerd.ts';
import { engineImage } from '../../support/docker/engine-image.ts';
import { LogReader } from '../../support/docker/log-reader.ts';
import { waitUntil } from '../../support/wait-until.ts';

const WITH_KEY = { 'x-api-key': API_KEY };
const TIMEOUT_MS = 20_000;

describeWithDocker('the logs of containers', (docker) => {
  let service: DockerService;
  let base: string;
  let containers: AdoptedContainers;
  const label = uniqueLabel();

  beforeAll(async () => {
    service = await startDockerService(docker, { CONTAINER_LABEL: label });
    base = await service.app.api.listen({ host: '127.0.0.1', port: 0 });
    containers = new AdoptedContainers(docker, service, label);
  });
  afterAll(async () => {
    await containers.removeAll();
    await service.close();
  });

  async function read(id: string, query = ''): Promise<string> {
    const reply = await fetch(`${base}/engines/${id}/logs${query}`, { headers: WITH_KEY });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    return reply.text();
  }

  async function follow(id: string, query = ''): Promise<LogReader> {
    return new LogReader(
      await fetch(`${base}/engines/${id}/logs?follow=true${query}`, { headers: WITH_KEY }),
    );
  }

  it('are those of a provisioned engine', async () => {
    const { container_id: id } = await service.provision();
    await waitUntil(
      'the first line is logged',
      async () => (await read(id)).includes('serves on port'),
      TIMEOUT_MS,
    );
    await service.write('DELETE', `/engines/${id}`);
    expect((await fetch(`${base}/engines/${id}/logs`, { headers: WITH_KEY })).status).toBe(404);
  });

  it('contain both output streams without frames and control characters', async () => {
    const id = await containers.run('printf "out \\303\\204\\n\\033[31mred\\n"; echo err >&2; sleep 1000');
    const lines = async () => (await read(id)).split('\n').sort();
    // The order of lines of different streams is not defined.
    await waitUntil('all three lines are logged', async () => (await lines()).length === 4, TIMEOUT_MS);
    expect(await lines()).toEqual(['', '\\x1b[31mred', 'err', 'out Ä']);
    expect(await read(id, `?since=${Math.floor(Date.now() / 1000) + 3600}`)).toBe('');
  });

  it('of many lines are complete, and can be limited to the last lines', async () => {
    const id = await containers.run('seq 1 20000; sleep 1000');
    await waitUntil(
      'all lines are logged',
      async () => (await read(id, '?tail=1')) === '20000\n',
      TIMEOUT_MS,
    );
    const lines = (await read(id, '?tail=5000')).trimEnd().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([5000, '15001', '20000']);
  });

  it('of a container with a terminal are not parsed as frames', async () => {
    const id = await containers.run('echo to a terminal; sleep 1000', '--tty');
    await waitUntil('the line is logged', async () => (await read(id)) === 'to a terminal\n', TIMEOUT_MS);
  });

  it('are followed from before the first line until the container stops', async () => {
    const id = await containers.run('read line; echo "$line"; read line; echo "$line"', '--interactive');
    const reader = await follow(id);
    expect(reader).toMatchObject({ status: 200, text: '' });
    await cli(docker.socket, 'kill', id);
    await waitUntil('the response ends', () => reader.ended, TIMEOUT_MS);
  });

  it('are followed line by line', async () => {
    const id = await containers.run('while true; do date +%s%N; sleep 0.2; done');
    const reader = await follow(id, '&tail=1');
    const lines = () => reader.text.split('\n').length - 1;
    await waitUntil('ten lines are received', () => lines() >= 10, TIMEOUT_MS);
    expect(reader.ended).toBe(false);
    await cli(docker.socket, 'rm', '--force', id);
    await waitUntil('the response ends', () => reader.ended, TIMEOUT_MS);
  });

  it('of containers without the label are not served', async () => {
    const flags = ['--detach', '--network', 'none', '--label', uniqueLabel()];
    const id = await cli(
      docker.socket,
      'run',
      ...flags,
      docker.busyboxImage,
      'sh',
      '-c',
      'echo secret; sleep 1000',
    );
    expect((await fetch(`${base}/engines/${id}/logs`, { headers: WITH_KEY })).status).toBe(404);
    await cli(docker.socket, 'rm', '--force', id);
  });

  it('are 503 if the log driver stores none', async () => {
    const id = await containers.run('echo not stored; sleep 1000', '--log-driver', 'none');
    const reply = await fetch(`${base}/engines/${id}/logs`, { headers: WITH_KEY });
    expect(await reply.json()).toMatchObject({ status: 503, code: 'logs_unavailable' });
  });
});

describeWithDocker('logs while the daemon hangs', () => {
  let daemon: Dockerd;
  let service: DockerService;

  beforeAll(async () => {
    daemon = await startDockerd();
    const image = await engineImage(daemon.socket);
    service = await startDockerService(
      { socket: daemon.socket, engineImage: image },
      { DOCKER_TIMEOUT_S: '1' },
    );
  });
  afterAll(async () => {
    await service.close();
    await daemon.stop();
  });

  it('are 503 within the timeout of a call, and available again afterwards', async () => {
    const { container_id: id } = await service.provision();
    const base = await service.app.api.listen({ host: '127.0.0.1', port: 0 });
    const request = (query = '') => fetch(`${base}/engines/${id}/logs${query}`, { headers: WITH_KEY });
    await waitUntil(
      'the log has a line',
      async () => (await (await request()).text()).includes('serves'),
      TIMEOUT_MS,
    );
    const reader = new LogReader(await request('?follow=true'));
    await reader.has('serves');
    daemon.kill('SIGSTOP');
    try {
      for (const query of ['', '?follow=true']) {
        const reply = await request(query);
        expect(await reply.json()).toMatchObject({ status: 503, code: 'runtime_unavailable' });
      }
    } finally {
      daemon.kill('SIGCONT');
    }
    await waitUntil('the log is available again', async () => (await request()).status === 200, TIMEOUT_MS);
    expect(reader.ended).toBe(false);
    await service.write('DELETE', `/engines/${id}`);
    await waitUntil('the response ends', () => reader.ended, TIMEOUT_MS);
  });
});
