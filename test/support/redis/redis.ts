import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { describe, it } from 'vitest';
import { freePorts } from '../http/free-ports.ts';
import { findOrInstall } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';

const START_TIMEOUT_MS = 30_000;

const programs = await findOrInstall({ 'redis-server': 'redis-server' });

/**
 * A suite that needs redis-server. If it is missing and cannot be installed, the suite is one skipped test with the
 * reason; in continuous integration it fails.
 */
export function describeWithRedis(name: string, suite: () => void): void {
  describe(name, () => {
    if ('missing' in programs) it('needs Redis', (context) => context.skip(programs.missing));
    else suite();
  });
}

/** Starts redis-server on a free port of 127.0.0.1, with its data in a temporary directory. */
export async function startRedis(...flags: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-redis-'));
  const [port] = await freePorts(1);
  const server = new RedisServer(folder, port!, flags);
  await server.start();
  return server;
}

/** A redis-server process of one suite. */
export class RedisServer implements AsyncDisposable {
  /** Does not change on restart. */
  readonly port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number, flags: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#flags = flags;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts with the data of the previous process, if any. Resolves when it replies to PING. */
  async start(): Promise<void> {
    if ('missing' in programs) throw new Error(programs.missing);
    const flags = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const child = spawn(programs.paths['redis-server'], [...flags, ...this.#flags], { stdio: 'ignore' });
    this.#process = child;
    const settled = async () => child.exitCode !== null || (await this.command('PING')) === 'PONG';
    await waitUntil('redis-server replies', settled, START_TIMEOUT_MS);
    if (child.exitCode !== null) throw new Error(`redis-server exited with code ${child.exitCode}`);
  }

  /** SIGSTOP leaves its connections open without replies; SIGKILL ends it without saving. Resolves after its exit. */
  async kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#process!;
    child.kill(signal);
    if (signal === 'SIGKILL' && child.exitCode === null && child.signalCode === null)
      await once(child, 'exit');
  }

  /** Sends a command on a separate connection. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGCONT');
    await this.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
