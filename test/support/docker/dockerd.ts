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

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;

/**
 * Starts a Docker daemon in a temporary folder, with a network bridge of its own, beside the machine's own daemon
 * and those of other runs. The daemon changes no rule of the packet filter; where bridged packets are filtered,
 * the bridge adds two rules and removes them with itself. Containers reach each other and are reached through
 * ports published on 127.0.0.1; only those with `--network host` reach the outside.
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

/** A real Docker daemon that belongs to one test run. */
export class Dockerd {
  /** Path of its socket, the same after a restart. */
  readonly socket: string;
  /** Where everything of the daemon is. */
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

  /** Process id of the daemon; another one after a restart. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the daemon has not been started');
    return pid;
  }

  /** Starts the daemon; resolves when it answers. */
  async start(): Promise<void> {
    const config = join(this.folder, 'daemon.json');
    // A file of its own keeps the settings of the machine's daemon out.
    await writeFile(config, '{}');
    const log = openSync(this.#logFile, 'a');
    // pdeathsig: a test run that is killed takes its daemon, and with it all containers, along.
    // detached: Ctrl-C reaches the test run alone, which then stops the daemon in order.
    const daemon = spawn(
      this.#paths.setpriv,
      ['--pdeathsig', 'TERM', this.#paths.dockerd, ...this.#flags(config)],
      { env: { ...process.env, PATH: SEARCH_PATH }, stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    this.#process = daemon;
    const settled = async () => hasEnded(daemon) || (await ping(this.socket));
    await waitUntil('the Docker daemon answers', settled, START_DEADLINE_MS);
    if (hasEnded(daemon)) throw new Error(`the Docker daemon did not start: ${this.#lastLines()}`);
  }

  /** Sends a signal to the daemon alone: containers and their supervisors do not get it. */
  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /**
   * Ends the daemon if it still runs, and starts it on the same data and socket. Its containers are there
   * afterwards, but stopped, as Docker does it by default.
   */
  async restart(): Promise<void> {
    await this.#end();
    await this.#forgetContainerd();
    await this.start();
  }

  /** Removes all containers and networks, ends the daemon, and leaves no process, mount or file behind. */
  async stop(): Promise<void> {
    try {
      this.kill('SIGCONT');
      // Containers outlive a daemon that was killed. Only a daemon on the same data finds and ends them.
      if (!(await ping(this.socket))) await this.restart();
      const containers = await docker(this.socket, 'ps', '--all', '--quiet');
      if (containers !== '')
        await docker(this.socket, 'rm', '--force', '--volumes', ...containers.split('\n'));
      await docker(this.socket, 'network', 'prune', '--force');
    } finally {
      await this.discard();
    }
  }

  /** Ends the daemon without asking it for anything, and cleans up what a failed one leaves. */
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
    const overdue = setTimeout(() => daemon.kill('SIGKILL'), STOP_DEADLINE_MS);
    await once(daemon, 'exit');
    clearTimeout(overdue);
  }

  /**
   * The kernel ends containerd with its dockerd, but a moment later, and where nobody collects it, it stays a
   * zombie. A dockerd that finds its id takes it for alive, waits for it in vain, and fails.
   */
  async #forgetContainerd(): Promise<void> {
    const file = join(this.folder, 'exec/containerd/containerd.pid');
    if (!existsSync(file)) return;
    const pid = Number(readFileSync(file, 'utf8'));
    await waitUntil('containerd ends', () => !processesOf(this.folder).includes(pid), STOP_DEADLINE_MS);
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

/** Whether a daemon answers on the socket. */
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
