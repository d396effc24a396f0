import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountsIn, processesOf } from '../leftovers.ts';
import { run } from '../run.ts';
import { SEARCH_PATH } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';
import { describeWithDocker } from './docker.ts';
import { docker } from './docker-programs.ts';
import { type Dockerd, startDockerd } from './dockerd.ts';
import { busyboxImage } from './engine-image.ts';

const SERVE = 'mkdir /www && hostname > /www/name && exec httpd -f -p 80 -h /www';

/** Reads what the container serves through its published port. */
async function readName(socket: string, container: string): Promise<string> {
  const address = await docker(socket, 'port', container, '80');
  return await waitUntil(
    'the container serves',
    () =>
      fetch(`http://${address}/name`).then(
        (response) => response.text(),
        () => '',
      ),
    10_000,
  );
}

describeWithDocker('the shared Docker daemon', ({ socket, busyboxImage, engineImage }) => {
  it('runs containers whose ports are published on 127.0.0.1', async () => {
    const id = await docker(
      socket,
      'run',
      '-d',
      '-h',
      'first',
      '-p',
      '127.0.0.1::80',
      busyboxImage,
      'sh',
      '-c',
      SERVE,
    );
    try {
      expect(await readName(socket, id)).toBe('first\n');
    } finally {
      await docker(socket, 'rm', '-f', id);
    }
  });

  it('has an engine image that serves on the port in its arguments', async () => {
    const run = [
      'run',
      '-d',
      '-p',
      '127.0.0.1::6900',
      '-e',
      'CONF=--http-port=6900\n--https-port=6901\n--bind-all',
    ];
    const id = await docker(socket, ...run, engineImage);
    try {
      const address = await docker(socket, 'port', id, '6900');
      const url = `http://${address}/webui/api/service?method=get_version`;
      const readVersion = () =>
        fetch(url).then(
          (response) => response.json(),
          () => null,
        );
      expect(await waitUntil('the engine responds', readVersion, 20_000)).toMatchObject({ error: null });
    } finally {
      await docker(socket, 'rm', '-f', id);
    }
  });
});

describeWithDocker('a separate Docker daemon', (shared) => {
  let daemon: Dockerd;
  let image: string;

  beforeEach(async () => {
    daemon = await startDockerd();
    image = await busyboxImage(daemon.socket);
  });
  afterEach(async () => {
    if (existsSync(daemon.folder)) await daemon.stop();
  });

  const start = (...args: string[]) => docker(daemon.socket, 'run', '-d', ...args);

  it('is not the shared daemon and has none of its containers', async () => {
    const other = await docker(shared.socket, 'run', '-d', shared.busyboxImage);
    try {
      expect(await docker(daemon.socket, 'info', '-f', '{{.DockerRootDir}}')).toBe(`${daemon.folder}/data`);
      expect(await docker(daemon.socket, 'ps', '-aq')).toBe('');
    } finally {
      await docker(shared.socket, 'rm', '-f', other);
    }
  });

  it('connects containers in one network, by name', async () => {
    await docker(daemon.socket, 'network', 'create', 'yard');
    await start('--name', 'server', '-h', 'server', '--network', 'yard', image, 'sh', '-c', SERVE);
    const answer = await waitUntil(
      'the server responds',
      () =>
        docker(
          daemon.socket,
          'run',
          '--rm',
          '--network',
          'yard',
          image,
          'wget',
          '-qO-',
          'http://server/name',
        ).catch(() => ''),
      20_000,
    );
    expect(answer).toBe('server');
  });

  it('imports an image only once', async () => {
    const created = await docker(daemon.socket, 'images', '--no-trunc', '-q');
    expect(await busyboxImage(daemon.socket)).toBe(image);
    expect(await docker(daemon.socket, 'images', '--no-trunc', '-q')).toBe(created);
  });

  it('restarts after SIGKILL with the same socket and data', async () => {
    const id = await start(image);
    const { pid } = daemon;
    daemon.kill('SIGKILL');
    await daemon.restart();
    expect(daemon.pid).not.toBe(pid);
    expect(await docker(daemon.socket, 'ps', '-aq', '--no-trunc', '-f', 'status=exited')).toBe(id);
    await docker(daemon.socket, 'start', id);
    expect(await docker(daemon.socket, 'ps', '-q', '--no-trunc')).toBe(id);
  });

  describe.each([
    ['while it runs', () => {}],
    ['while it hangs', () => daemon.kill('SIGSTOP')],
    ['after SIGKILL', () => daemon.kill('SIGKILL')],
  ])('stopped %s', (_, inject) => {
    it('leaves no process, mount, folder, interface or packet filter rule behind', async () => {
      const { socket, folder } = daemon;
      const network = await docker(socket, 'network', 'create', 'yard');
      const id = await start('--network', 'yard', '-p', '127.0.0.1::80', image);
      const inContainer = Number(await docker(socket, 'inspect', '-f', '{{.State.Pid}}', id));
      const interfaces = [await bridgeOf(socket), `br-${network.slice(0, 12)}`];
      expect(processesOf(folder)).toEqual(expect.arrayContaining([daemon.pid, inContainer]));
      expect(mountsIn(folder)).not.toEqual([]);
      expect(readdirSync('/sys/class/net')).toEqual(expect.arrayContaining(interfaces));

      inject();
      await daemon.stop();

      expect(processesOf(folder)).toEqual([]);
      expect(existsSync(`/proc/${inContainer}`)).toBe(false);
      expect(mountsIn(folder)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
      const remaining = readdirSync('/sys/class/net');
      const rules = await run('iptables-save', [], { env: { PATH: SEARCH_PATH } });
      for (const name of interfaces) {
        expect(remaining).not.toContain(name);
        expect(rules).not.toMatch(new RegExp(`\\b${name}\\b`));
      }
    });
  });
});

/** Returns the name of the bridge of a daemon's default network. */
function bridgeOf(socket: string): Promise<string> {
  const name = '{{index .Options "com.docker.network.bridge.name"}}';
  return docker(socket, 'network', 'inspect', '-f', name, 'bridge');
}
