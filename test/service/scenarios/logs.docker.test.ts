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
import { waitUntil } from '../../support/wait-until.ts';

const WITH_KEY = { 'x-api-key': API_KEY };
const DEADLINE_MS = 20_000;

/** Asks over a real socket, and reads along. */
class LogReader {
  text = '';
  ended = false;
  readonly status: number;

  constructor(response: Response) {
    this.status = response.status;
    void (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) this.text += chunk;
      this.ended = true;
    })();
  }

  has(text: string): Promise<true> {
    return waitUntil(`${JSON.stringify(text)} in the log`, () => this.text.includes(text), DEADLINE_MS);
  }
}

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

  it('are those of an engine that was provisioned', async () => {
    const { container_id: id } = await service.provision();
    await waitUntil('its first line', async () => (await read(id)).includes('serves on port'), DEADLINE_MS);
    await service.write('DELETE', `/engines/${id}`);
    expect((await fetch(`${base}/engines/${id}/logs`, { headers: WITH_KEY })).status).toBe(404);
  });

  it('hold both outputs without their frames, and no control characters', async () => {
    const id = await containers.run('printf "out \\303\\204\\n\\033[31mred\\n"; echo err >&2; sleep 1000');
    const lines = async () => (await read(id)).split('\n').sort();
    // Docker does not promise the order of what goes to the one and to the other.
    await waitUntil('all three lines', async () => (await lines()).length === 4, DEADLINE_MS);
    expect(await lines()).toEqual(['', '\\x1b[31mred', 'err', 'out Ä']);
    expect(await read(id, `?since=${Math.floor(Date.now() / 1000) + 3600}`)).toBe('');
  });

  it('of many lines come whole, and by the last of them', async () => {
    const id = await containers.run('seq 1 20000; sleep 1000');
    await waitUntil('all', async () => (await read(id, '?tail=1')) === '20000\n', DEADLINE_MS);
    const lines = (await read(id, '?tail=5000')).trimEnd().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([5000, '15001', '20000']);
  });

  it('of a container with a terminal are not taken for frames', async () => {
    const id = await containers.run('echo to a terminal; sleep 1000', '--tty');
    await waitUntil('its line', async () => (await read(id)) === 'to a terminal\n', DEADLINE_MS);
  });

  it('are followed from before the first line until the container ends', async () => {
    const id = await containers.run('read line; echo "$line"; read line; echo "$line"', '--interactive');
    const reader = await follow(id);
    expect(reader).toMatchObject({ status: 200, text: '' });
    await cli(docker.socket, 'kill', id);
    await waitUntil('the end', () => reader.ended, DEADLINE_MS);
  });

  it('are followed line by line', async () => {
    const id = await containers.run('while true; do date +%s%N; sleep 0.2; done');
    const reader = await follow(id, '&tail=1');
    const lines = () => reader.text.split('\n').length - 1;
    await waitUntil('ten lines', () => lines() >= 10, DEADLINE_MS);
    expect(reader.ended).toBe(false);
    await cli(docker.socket, 'rm', '--force', id);
    await waitUntil('the end', () => reader.ended, DEADLINE_MS);
  });

  it('of a container that is not ours are never read', async () => {
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

  it('are 503 where the log driver keeps none', async () => {
    const id = await containers.run('echo nobody hears it; sleep 1000', '--log-driver', 'none');
    const reply = await fetch(`${base}/engines/${id}/logs`, { headers: WITH_KEY });
    expect(await reply.json()).toMatchObject({ status: 503, code: 'logs_unavailable' });
  });
});

describeWithDocker('logs while the daemon is away', () => {
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

  it('are 503 within the deadline of a call, and there again after it', async () => {
    const { container_id: id } = await service.provision();
    const base = await service.app.api.listen({ host: '127.0.0.1', port: 0 });
    const ask = (query = '') => fetch(`${base}/engines/${id}/logs${query}`, { headers: WITH_KEY });
    await waitUntil('its log', async () => (await (await ask()).text()).includes('serves'), DEADLINE_MS);
    const reader = new LogReader(await ask('?follow=true'));
    await reader.has('serves');
    daemon.kill('SIGSTOP');
    try {
      for (const query of ['', '?follow=true']) {
        const reply = await ask(query);
        expect(await reply.json()).toMatchObject({ status: 503, code: 'runtime_unavailable' });
      }
    } finally {
      daemon.kill('SIGCONT');
    }
    await waitUntil('its log is back', async () => (await ask()).status === 200, DEADLINE_MS);
    expect(reader.ended).toBe(false);
    await service.write('DELETE', `/engines/${id}`);
    await waitUntil('the end', () => reader.ended, DEADLINE_MS);
  });
});
