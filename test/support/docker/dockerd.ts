import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcessesOf, mountsIn, processesOf } from '../leftovers.ts';
import { run } from '../run.ts';
import { SEARCH_PATH } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';
import { type Bridge, createBridge } from './bridge.ts';
import { type DockerPaths, docker, dockerPrograms } from './docker-programs.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * Starts a Docker daemon in a temporary folder with a separate network bridge, independent of the machine's daemon and
 * of those of other runs. The daemon adds no packet filter rules. If bridged packets are filtered, two rules are added
 * with the bridge and removed with it. Containers can reach each other, and tests reach them through ports published on
 * 127.0.0.1. Only containers with `--network host` have access to other networks.
 * @throws Error if no daemon can run on this machine
 */
export async function startDockerd(): Promise<Dockerd> {
  const programs = await dockerPrograms();
  if ('missing' in programs) throw new Error(programs.missing);
  const bridge = await createBridge(programs.paths);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-dockerd-'));
  const daemon = new Dockerd(folder, bridge, programs.paths);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.discard();
    throw error;
  }
  return daemon;
}

/** A real Docker daemon that one test run uses. */
export class Dockerd {
  /** Path of its socket, the same after a restart. */
  readonly socket: string;
  /** Folder with all files of the daemon. */
  readonly folder: string;
  readonly #bridge: Bridge;
  readonly #paths: DockerPaths;
  #process: ChildProcess | undefined;

  constructor(folder: string, bridge: Bridge, paths: DockerPaths) {
    this.folder = folder;
    this.socket = join(folder, 'docker.sock');
    this.#bridge = bridge;
    this.#paths = paths;
  }

  /** Process id of the daemon. Changes with a restart. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the daemon has not been started');
    return pid;
  }

  /** Starts the daemon. Resolves when it responds. */
  async start(): Promise<void> {
    const config = join(this.folder, 'daemon.json');
    // Without this file, the daemon would use the settings of the machine's daemon.
    await writeFile(config, '{}');
    const log = openSync(this.#logFile, 'a');
    // pdeathsig: if the test run is killed, the daemon ends too, and with it all containers.
    // detached: Ctrl-C is sent only to the test run, which then stops the daemon in order.
    const daemon = spawn(
      this.#paths.setpriv,
      ['--pdeathsig', 'TERM', this.#paths.dockerd, ...this.#flags(config)],
      { env: { ...process.env, PATH: SEARCH_PATH }, stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    this.#process = daemon;
    const hasSettled = async () => hasEnded(daemon) || (await ping(this.socket));
    await waitUntil('the Docker daemon responds', hasSettled, START_TIMEOUT_MS);
    if (hasEnded(daemon)) throw new Error(`the Docker daemon did not start: ${this.#lastLines()}`);
  }

  /** Sends a signal to the daemon only, not to containers and their supervisors. */
  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /**
   * Ends the daemon if it runs, and starts it with the same data and socket. Its containers still exist afterwards and
   * are stopped, which is Docker's default.
   */
  async restart(): Promise<void> {
    await this.#end();
    await this.#removeContainerdPid();
    await this.start();
  }

  /** Removes all containers and networks, ends the daemon, and removes its processes, mounts and files. */
  async stop(): Promise<void> {
    try {
      this.kill('SIGCONT');
      // Containers survive a daemon that was killed. Only a daemon with the same data can end them.
      if (!(await ping(this.socket))) await this.restart();
      const containers = await docker(this.socket, 'ps', '--all', '--quiet');
      if (containers !== '')
        await docker(this.socket, 'rm', '--force', '--volumes', ...containers.split('\n'));
      await docker(this.socket, 'network', 'prune', '--force');
    } finally {
      await this.discard();
    }
  }

  /** Ends the daemon without sending it requests, and cleans up. For a daemon that failed to start. */
  async discard(): Promise<void> {
    await this.#end();
    endProcessesOf(this.folder);
    for (const point of mountsIn(this.folder)) await run('umount', ['--lazy', point]);
    await rm(this.folder, { recursive: true, force: true });
    await this.#bridge.remove();
  }

  get #logFile(): string {
    return join(this.folder, 'dockerd.log');
  }

  #lastLines(): string {
    return readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  }

  async #end(): Promise<void> {
    const daemon = this.#process;
    if (daemon === undefined || hasEnded(daemon)) return;
    daemon.kill('SIGCONT');
    daemon.kill('SIGTERM');
    const timer = setTimeout(() => daemon.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await once(daemon, 'exit');
    clearTimeout(timer);
  }

  /**
   * Removes containerd's pid file. The kernel ends containerd shortly after its dockerd, and it stays a zombie if no
   * process reaps it. A dockerd that finds its id assumes that it is alive, waits for it and fails.
   */
  async #removeContainerdPid(): Promise<void> {
    const file = join(this.folder, 'exec/containerd/containerd.pid');
    if (!existsSync(file)) return;
    const pid = Number(readFileSync(file, 'utf8'));
    await waitUntil('containerd ends', () => !processesOf(this.folder).includes(pid), STOP_TIMEOUT_MS);
    await rm(file);
  }

  #flags(config: string): string[] {
    return [
      `--config-file=${config}`,
      `--data-root=${join(this.folder, 'data')}`,
      `--exec-root=${join(this.folder, 'exec')}`,
      `--pidfile=${join(this.folder, 'pid')}`,
      `--host=unix://${this.socket}`,
      `--bridge=${this.#bridge.name}`,
      `--default-address-pool=${this.#bridge.pool}`,
      '--iptables=false',
      '--ip6tables=false',
      '--ip-forward=false',
      '--ip-masq=false',
    ];
  }
}

function hasEnded(process: ChildProcess): boolean {
  return process.exitCode !== null || process.signalCode !== null;
}

/** Resolves with whether a daemon responds on the socket. */
function ping(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const signal = AbortSignal.timeout(2000);
  request({ socketPath, path: '/_ping', signal }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  })
    .on('error', () => resolve(false))
    .end();
  return promise;
}
