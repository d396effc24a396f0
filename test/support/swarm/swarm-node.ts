import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type DockerPaths, docker } from '../docker/docker-programs.ts';
import { endProcessesOf, mountsIn, processesOf } from '../leftovers.ts';
import { run } from '../run.ts';
import { SEARCH_PATH } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';
import type { SwarmNetwork } from './network.ts';

const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 30_000;

/** One machine of a Swarm: a real Docker daemon in a network namespace. */
export class SwarmNode {
  /** From 1. */
  readonly number: number;
  /** Its host name. */
  readonly name: string;
  /** Address at which the others reach it. */
  readonly address: string;
  /** Path of the daemon's socket. */
  readonly socket: string;
  /** Folder with all files of the daemon. */
  readonly folder: string;
  readonly #network: SwarmNetwork;
  readonly #paths: DockerPaths;
  #process: ChildProcess | undefined;

  constructor(number: number, folder: string, network: SwarmNetwork, paths: DockerPaths) {
    this.number = number;
    this.name = `node${number}`;
    this.folder = folder;
    this.socket = join(folder, 'docker.sock');
    this.address = network.addressOf(number);
    this.#network = network;
    this.#paths = paths;
    mkdirSync(folder, { recursive: true });
  }

  /** Starts the daemon. Resolves when it responds. */
  async start(): Promise<void> {
    rmSync(join(this.folder, 'docker.pid'), { force: true });
    rmSync(join(this.folder, 'exec/containerd/containerd.pid'), { force: true });
    const log = openSync(this.#logFile, 'a');
    // A host name of its own, by which nodes are told apart, and a /run of its own, for the socket at the usual path.
    const prepare = 'echo "$0" > /proc/sys/kernel/hostname && mount --bind "$1" /run && shift && exec "$@"';
    const ownRun = join(this.folder, 'run');
    mkdirSync(ownRun, { recursive: true });
    // nsenter, because `ip netns exec` mounts another /sys without the cgroups, and the daemon refuses to start.
    const command = [
      ...['--pdeathsig', 'KILL', 'nsenter', `--net=${this.#network.namespaceOf(this.number)}`],
      ...['unshare', '--uts', '--mount', 'sh', '-c', prepare, this.name, ownRun],
      ...[this.#paths.dockerd, `--host=unix://${this.socket}`, '--host=unix:///run/docker.sock'],
      ...[
        `--pidfile=${join(this.folder, 'docker.pid')}`,
        `--config-file=${join(this.folder, 'daemon.json')}`,
      ],
      ...[`--data-root=${join(this.folder, 'data')}`, `--exec-root=${join(this.folder, 'exec')}`],
      ...['--exec-opt=native.cgroupdriver=cgroupfs', `--cgroup-parent=/${this.#cgroup}`],
    ];
    const daemon = spawn(this.#paths.setpriv, command, {
      env: { ...process.env, PATH: SEARCH_PATH },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#process = daemon;
    const responds = () => this.docker('info').then(() => true);
    const hasSettled = () => daemon.exitCode !== null || daemon.signalCode !== null || responds();
    await waitUntil(`the daemon of node ${this.number} responds`, hasSettled, START_TIMEOUT_MS);
    if (daemon.exitCode !== null || daemon.signalCode !== null)
      throw new Error(`the daemon of node ${this.number} did not start: ${this.#lastLines()}`);
  }

  /** Runs the docker command against this node's daemon. @returns its output */
  docker(...args: string[]): Promise<string> {
    return docker(this.socket, ...args);
  }

  /** Ends the daemon without warning. Containers go on. Resolves when it has ended. */
  async killDaemon(): Promise<void> {
    const daemon = this.#process!;
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
  }

  /** Stops or continues the daemon's process, which then hangs. */
  signalDaemon(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** Ends the whole machine: its network is disconnected, then all of its processes are killed. */
  async crash(): Promise<void> {
    await this.setLink('down');
    await this.#killAll();
  }

  /** Disconnects the machine from the others, or connects it again. */
  async setLink(state: 'up' | 'down'): Promise<void> {
    await this.#network.setLink(this.number, state);
  }

  /** Kills all processes, and removes mounts, control groups and files. */
  async discard(): Promise<void> {
    await this.#killAll();
    for (const point of mountsIn(this.folder)) await run('umount', ['--lazy', point]);
    // They are in use until the kernel has released the processes.
    const areRemoved = () => {
      removeCgroups(this.#cgroup);
      return true;
    };
    await waitUntil('the control groups are removed', areRemoved, END_TIMEOUT_MS);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #killAll(): Promise<void> {
    this.signalDaemon('SIGCONT');
    const namespace = statSync(this.#network.namespaceOf(this.number)).ino;
    const areEnded = () => {
      endProcessesOf(`${this.folder}/`);
      for (const id of processesIn(namespace)) killIfRunning(id);
      return processesOf(`${this.folder}/`).length === 0 && processesIn(namespace).length === 0;
    };
    await waitUntil(`the processes of node ${this.number} end`, areEnded, END_TIMEOUT_MS);
  }

  /** Of its own, so that those of containers that were killed with their daemon can be removed. */
  get #cgroup(): string {
    return `rhswarm${this.#network.id}-${this.number}`;
  }

  get #logFile(): string {
    return join(this.folder, 'dockerd.log');
  }

  #lastLines(): string {
    return readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  }
}

/** Processes in a network namespace, by its inode. */
function processesIn(namespace: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        return statSync(`/proc/${id}/ns/net`).ino === namespace;
      } catch {
        return false;
      }
    });
}

function killIfRunning(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Removes control groups with a name, in each hierarchy of version 1, or in the one of version 2. */
function removeCgroups(name: string): void {
  const root = '/sys/fs/cgroup';
  for (const path of [root, ...readdirSync(root).map((entry) => join(root, entry))])
    removeTree(join(path, name));
}

function removeTree(path: string): void {
  let entries: string[];
  try {
    entries = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  } catch {
    return;
  }
  for (const entry of entries) removeTree(entry);
  // A control group is removed as an empty folder, whatever files it shows.
  rmdirSync(path);
}
