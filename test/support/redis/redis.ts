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

const DEADLINE_MS = 30_000;

const programs = await findOrInstall({ 'redis-server': 'redis-server' });

/**
 * A suite that needs a Redis of its own. Where there is none to be had it is one skipped test that bears the
 * reason; under continuous integration that is a failure.
 */
export function describeWithRedis(name: string, suite: () => void): void {
  describe(name, () => {
    if ('missing' in programs) it('needs Redis', (context) => context.skip(programs.missing));
    else suite();
  });
}

/** Starts a Redis on a free port of 127.0.0.1, with its data in a temporary folder. */
export async function startRedis(...flags: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-redis-'));
  const [port] = await freePorts(1);
  const server = new RedisServer(folder, port!, flags);
  await server.start();
  return server;
}

/** A real Redis that belongs to one suite. */
export class RedisServer implements AsyncDisposable {
  /** The same after a restart. */
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

  /** Starts on the data that is there; resolves when it answers. */
  async start(): Promise<void> {
    if ('missing' in programs) throw new Error(programs.missing);
    const flags = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const child = spawn(programs.paths['redis-server'], [...flags, ...this.#flags], { stdio: 'ignore' });
    this.#process = child;
    const settled = async () => child.exitCode !== null || (await this.command('PING')) === 'PONG';
    await waitUntil('Redis answers', settled, DEADLINE_MS);
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
  }

  /** SIGSTOP leaves its connections open and silent; SIGKILL ends it without saving. */
  async kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#process!;
    child.kill(signal);
    if (signal === 'SIGKILL' && child.exitCode === null && child.signalCode === null)
      await once(child, 'exit');
  }

  /** Carries out a command on a connection of its own. */
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
