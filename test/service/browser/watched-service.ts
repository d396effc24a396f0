import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePortRange } from '../../support/http/port-range.ts';
import { waitUntil } from '../../support/wait-until.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const KEY = 'the-key-of-the-tests';
const WAIT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

export interface ServiceReply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test checks the properties that it reads.
  body: any;
}

/** The service in a process of its own, with a folder for temporary files, while a client polls it. */
export class WatchedService implements AsyncDisposable {
  /** Duration of the slowest poll, in milliseconds, and number of polls. */
  slowestMs = 0;
  polls = 0;
  readonly folder: string;
  readonly #process: ChildProcess;
  #output = '';
  #polling: Promise<void> | undefined;
  #isClosing = false;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#process = spawn(process.execPath, [MAIN], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output += text;
      });
  }

  /** Starts the service. */
  static async start(settings: Record<string, string> = {}): Promise<WatchedService> {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-watched-'));
    // Chromium may run under another user.
    await chmod(folder, 0o711);
    await mkdir(join(folder, 'tmp'), { mode: 0o777 });
    await chmod(join(folder, 'tmp'), 0o777);
    const { first, last } = await freePortRange();
    const service = new WatchedService(folder, {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      TMPDIR: join(folder, 'tmp'),
      DATA_DIR: join(folder, 'data'),
      ENGINE_RUNTIME: 'process',
      MIN_REPLICAS: '0',
      MIN_FREE_REPLICAS: '0',
      MAX_REPLICAS: '1',
      PORT: '0',
      PORT_RANGE_HOST: `${first}-${last}`,
      API_KEY: KEY,
      ...settings,
    });
    await waitUntil('the service listens', () => service.origin !== '' || service.hasEnded, WAIT_MS);
    if (service.hasEnded) throw new Error(`the service has ended: ${service.#output}`);
    service.#polling = service.#poll();
    return service;
  }

  get origin(): string {
    return /listening on (http:[^\s"]+)/.exec(this.#output)?.[1] ?? '';
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** What it has written, its log among it. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Largest resident set since the start, in MB. */
  get peakMemoryMb(): number {
    return this.#statusKb('VmHWM') / 1024;
  }

  /** Resident set, in MB. */
  get memoryMb(): number {
    return this.#statusKb('VmRSS') / 1024;
  }

  /** Number of ports on which it listens. */
  get ports(): number {
    const own = new Set(
      readdirSync(`/proc/${this.pid}/fd`).map((name) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${this.pid}/fd/${name}`))?.[1];
        } catch {
          return undefined;
        }
      }),
    );
    // The state 0A is LISTEN; the tenth column is the inode.
    const rows = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/));
    return rows.filter((row) => row[3] === '0A' && own.has(row[9])).length;
  }

  /** Process ids of its browsers. */
  get chromiums(): number[] {
    const all = processes();
    const relays = new Set(all.filter(({ parent }) => parent === this.pid).map(({ id }) => Number(id)));
    const isBrowser = ({ id, parent }: { id: string; parent: number }) =>
      relays.has(parent) && readProc(id, 'cmdline').includes('--user-data-dir');
    return all.filter(isBrowser).map(({ id }) => Number(id));
  }

  /** Number of open files and sockets. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Number of child processes. */
  get children(): number {
    return processes().filter(({ parent }) => parent === this.pid).length;
  }

  /** Processor time that the pages of its browsers have used, in clock ticks. */
  get rendererTicks(): number {
    const all = processes();
    const groups = new Set(all.filter(({ parent }) => parent === this.pid).map(({ group }) => group));
    const renderers = all.filter(
      ({ id, group }) => groups.has(group) && readProc(id, 'cmdline').includes('--type=renderer'),
    );
    return renderers.reduce((sum, { ticks }) => sum + ticks, 0);
  }

  /** Waits until all temporary files are removed, but for the folder of mounted profiles while the service runs. */
  async untilNoTemporaryFiles(): Promise<void> {
    const stays = (name: string) => !this.hasEnded && name.startsWith('roundhouse-profiles-');
    const names = () => readdirSync(join(this.folder, 'tmp')).filter((name) => !stays(name));
    await waitUntil('no temporary files', () => names().length === 0, WAIT_MS).catch((cause) => {
      throw new Error(`left behind: ${names().join()}`, { cause });
    });
  }

  /** Sends a request with the key. */
  async call(method: string, path: string, body?: object): Promise<ServiceReply> {
    const reply = await fetch(this.origin + path, {
      method,
      headers: { 'x-api-key': KEY, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json');
    return { status: reply.status, body: isJson ? JSON.parse(text) : text };
  }

  /** Installs an app in the workspace `w`. @returns its path */
  async install(id: string, manifest: object, more: object = {}): Promise<string> {
    const reply = await this.call('POST', '/apps', { workspace: 'w', app_id: id, manifest, ...more });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return `/apps/w/${encodeURIComponent(id)}`;
  }

  /** The latest session of an app. */
  async sessionOf(id: string) {
    const { body } = await this.call('GET', '/browser/sessions');
    return body.findLast(({ app_id: appId }: { app_id: string }) => appId === id);
  }

  /** Stops the service as an operator does. @returns its exit code */
  async stop(): Promise<number | null> {
    this.#isClosing = true;
    await this.#polling;
    if (!this.hasEnded) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #statusKb(name: string): number {
    const text = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)![1]);
  }

  async #poll(): Promise<void> {
    while (!this.#isClosing && !this.hasEnded) {
      const begunAt = performance.now();
      await fetch(`${this.origin}/engines`).then(
        (reply) => reply.text(),
        () => '',
      );
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begunAt);
      this.polls += 1;
      await delay(POLL_INTERVAL_MS);
    }
  }
}

/** The processes of this machine, from proc_pid_stat(5). */
function processes() {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map((id) => {
    const [, parent, group, ...rest] = readProc(id, 'stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { id, parent: Number(parent), group: Number(group), ticks: Number(rest[8]) + Number(rest[9]) };
  });
}

/** Reads a file of a process. @returns an empty string if the process has ended */
function readProc(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
