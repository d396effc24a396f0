import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../support/wait-until.ts';
import type { Order, Told } from './child.ts';
import { SOON_MS } from './support.ts';

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url));

/** A real process that obeys orders. */
export class Child implements AsyncDisposable {
  /** Fences of the terms that it has told of, in order. */
  readonly gained: number[] = [];
  readonly lost: number[] = [];
  readonly #process: ChildProcess;
  readonly #answers = new Map<number, (answer: unknown) => void>();
  #orders = 0;
  #stderr = '';

  constructor(url: string, namespace: string) {
    const env = { ...process.env, REDIS_URL: url, NAMESPACE: namespace };
    this.#process = fork(PROGRAM, { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#process.stderr?.on('data', (data) => {
      this.#stderr += data;
    });
    this.#process.on('message', (told: Told) => {
      if ('gained' in told) this.gained.push(told.gained);
      else if ('lost' in told) this.lost.push(told.lost);
      else this.#answers.get(told.id)?.(told.answer);
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  ask(order: Order): Promise<unknown> {
    this.#orders += 1;
    const id = this.#orders;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#answers.set(id, resolve);
    this.#process.send({ id, order });
    return promise;
  }

  async up(): Promise<this> {
    const connected = async () =>
      ((await this.ask({ do: 'peek', key: '' })) as { connected: boolean }).connected;
    await waitUntil('the child is connected', connected, SOON_MS);
    return this;
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Closes everything in it. @returns its exit code, once it has ended by itself */
  async close(): Promise<number | null> {
    const ended = once(this.#process, 'exit');
    await this.ask({ do: 'close' });
    const [code] = await ended;
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
