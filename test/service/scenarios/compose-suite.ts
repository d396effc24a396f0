import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ComposeService, confinement, readCompose } from '../../support/docker/compose.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker } from '../../support/docker/docker-programs.ts';
import type { SharedDocker } from '../../support/docker/docker-setup.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PROXY = fileURLToPath(new URL('../../support/docker/socket-proxy.ts', import.meta.url));
const KEY = 'the-key-of-the-tests';

interface Engine {
  container_id: string;
  container_name: string;
  host: string;
  health_status: string;
}

/**
 * Tests of docker-compose.yml with real containers.
 * @param name name of the suite
 * @param roundhouse returns the last arguments of `docker run` for Roundhouse: options, the image, and its command
 */
export function describeComposeServices(
  name: string,
  roundhouse: (docker: SharedDocker) => Promise<readonly string[]>,
): void {
  describeWithDocker(name, (docker) => suite(docker, roundhouse));
}

function suite(shared: SharedDocker, start: Parameters<typeof describeComposeServices>[1]): void {
  const { socket, engineImage } = shared;
  const { services, networks } = readCompose({ API_KEY: KEY, ENGINE_IMAGE: engineImage });
  const proxyRules = services['socket-proxy'].command ?? [];
  const engineNetwork = networks.engines?.name ?? '';
  const apiNetwork = networks.api?.name ?? '';
  const started: string[] = [];
  let origin = '';

  const run = async (...args: string[]) => {
    const id = await docker(socket, 'run', '--detach', ...args);
    started.push(id);
    return id;
  };
  const variables = ({ environment }: ComposeService) =>
    Object.entries(environment ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const read = async <T>(path: string) => (await (await fetch(`${origin}${path}`)).json()) as T;
  const healthyEngines = async (count: number) => {
    const engines = (await read<Engine[]>('/engines')).filter(
      ({ health_status }) => health_status === 'healthy',
    );
    return engines.length === count ? engines : null;
  };

  beforeAll(async () => {
    const program = await start(shared);
    await docker(socket, 'network', 'create', '--internal', 'control');
    await docker(socket, 'network', 'create', engineNetwork);
    await docker(socket, 'network', 'create', apiNetwork);
    const mounts = [
      '--volume',
      `${socket}:/var/run/docker.sock`,
      '--volume',
      `${PROXY}:/engine/socket-proxy.ts`,
    ];
    // Node.js needs more memory than the proxy.
    const { mem_limit, ...confined } = services['socket-proxy'];
    const proxy = [...confinement(confined), ...mounts, '--network', 'control'];
    const command = ['node', '/engine/socket-proxy.ts', ...proxyRules];
    await run('--name', 'socket-proxy', ...proxy, engineImage, ...command);
    const hostFolders = (services.roundhouse.volumes ?? []).filter((volume) => volume.startsWith('/'));
    const roundhouse = [
      ...variables(services.roundhouse),
      ...confinement(services.roundhouse),
      ...hostFolders.flatMap((volume) => ['--volume', volume]),
    ];
    const id = await run(
      '--name',
      'roundhouse',
      ...roundhouse,
      '--network',
      apiNetwork,
      ...services.roundhouse.aliases.api!.flatMap((alias) => ['--network-alias', alias]),
      '-p',
      '127.0.0.1::8000',
      ...program,
    );
    for (const network of ['control', engineNetwork]) await docker(socket, 'network', 'connect', network, id);
    origin = `http://${await docker(socket, 'port', id, '8000')}`;
    await waitUntil(
      'the service is ready',
      () =>
        fetch(`${origin}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      30_000,
    );
  }, 300_000);

  afterAll(async () => {
    // Roundhouse first, because it would replace the engines.
    await docker(socket, 'rm', '--force', '--volumes', ...started.reverse());
    const engines = await docker(socket, 'ps', '--quiet', '--filter', `network=${engineNetwork}`);
    if (engines !== '') await docker(socket, 'rm', '--force', ...engines.split('\n'));
    await docker(socket, 'network', 'rm', 'control', engineNetwork, apiNetwork);
  });

  it('run an engine that is reached by its name', async () => {
    const [engine] = await waitUntil('one healthy engine', () => healthyEngines(1), 30_000);
    expect(engine?.host).toBe(engine?.container_name);
    const total = await read<{ container_count: number; total_memory_usage: number }>('/engines/stats/total');
    expect(total.container_count).toBe(1);
    expect(total.total_memory_usage).toBeGreaterThan(0);
    // From the kernel's files.
    const metrics = await (await fetch(`${origin}/metrics`)).text();
    expect(metrics).toMatch(/call="list"[^}]*\} [1-9]/);
    expect(metrics).not.toMatch(/call="stats"[^}]*\} [1-9]/);
  });

  it('do not let an engine read from Roundhouse', async () => {
    const [engine] = await waitUntil('one healthy engine', () => healthyEngines(1), 30_000);
    const addresses = await docker(
      socket,
      'inspect',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}',
      'roundhouse',
    );
    const hosts = ['roundhouse', 'roundhouse-api', ...addresses.trim().split(' ')];
    expect(hosts).toHaveLength(5);
    const program = `
      const signal = AbortSignal.timeout(3000);
      const read = (host) => fetch('http://' + host + ':8000/livez', { signal }).then(() => 'read', () => 'refused');
      Promise.all(${JSON.stringify(hosts)}.map(read)).then((outcomes) => console.log(outcomes.join()));
    `;
    // Docker asks the machine's name servers for names that it does not have, and they may not reply.
    const lookup = ['--env', 'RES_OPTIONS=timeout:1 attempts:1'];
    const outcomes = await docker(socket, 'exec', ...lookup, engine!.container_id, 'node', '-e', program);
    expect(outcomes).toBe(hosts.map(() => 'refused').join());
  });

  it('create and delete engines', async () => {
    const headers = { 'x-api-key': KEY };
    const response = await fetch(`${origin}/provision/acestream`, { method: 'POST', headers });
    expect(response.status).toBe(200);
    const { container_id: id } = (await response.json()) as Engine;
    await waitUntil('two healthy engines', () => healthyEngines(2), 30_000);
    const deletion = await fetch(`${origin}/containers/${id}`, { method: 'DELETE', headers });
    expect(deletion.status).toBe(200);
    expect(await docker(socket, 'ps', '--all', '--quiet', '--filter', `id=${id}`)).toBe('');
  });

  it('use only what the proxy permits of the Docker API', async () => {
    expect(await docker(socket, 'logs', 'socket-proxy')).toBe('');
    const forbidden = docker(
      socket,
      'exec',
      'roundhouse',
      'wget',
      '-qO-',
      'http://socket-proxy:2375/images/json',
    );
    await expect(forbidden).rejects.toThrow('403');
    expect(await docker(socket, 'logs', 'socket-proxy')).toBe('rejected GET /images/json');
  });
}
