import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../support/wait-until.ts';
import type { Command, Message } from './child.ts';
import { SOON_MS } from './support.ts';

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url));

/** A child process that executes commands. */
export class Child implements AsyncDisposable {
  /** Fencing tokens of the terms that it has reported, in order. */
  readonly gained: number[] = [];
  readonly lost: number[] = [];
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, (result: unknown) => void>();
  #commands = 0;
  #stderr = '';

  constructor(url: string, namespace: string) {
    const env = { ...process.env, REDIS_URL: url, NAMESPACE: namespace };
    this.#process = fork(PROGRAM, { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#process.stderr?.on('data', (data) => {
      this.#stderr += data;
    });
    this.#process.on('message', (message: Message) => {
      if ('gained' in message) this.gained.push(message.gained);
      else if ('lost' in message) this.lost.push(message.lost);
      else this.#pending.get(message.id)?.(message.result);
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  run(command: Command): Promise<unknown> {
    this.#commands += 1;
    const id = this.#commands;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#pending.set(id, resolve);
    this.#process.send({ id, command });
    return promise;
  }

  /** Waits until its cache receives invalidations. */
  async up(): Promise<this> {
    const connected = async () =>
      ((await this.run({ do: 'peek', key: '' })) as { connected: boolean }).connected;
    await waitUntil('the child is connected', connected, SOON_MS);
    return this;
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Closes its cache, lease and link. @returns its exit code once it has exited by itself */
  async close(): Promise<number | null> {
    const exited = once(this.#process, 'exit');
    await this.run({ do: 'close' });
    const [code] = await exited;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

export async function startChildren(count: number, url: string, namespace: string) {
  const children = Array.from({ length: count }, () => new Child(url, namespace));
  await Promise.all(children.map((child) => child.up()));
  return Object.assign(children, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    },
  });
}
