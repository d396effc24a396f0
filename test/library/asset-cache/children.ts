import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Task } from './child.ts';

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url));

/** A process that uses an asset cache. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #messages: unknown[] = [];

  constructor(task: Task) {
    this.#process = fork(PROGRAM, [JSON.stringify(task)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message) => this.#messages.push(message));
    this.#exited = once(this.#process, 'exit');
  }

  /** Resolves when it has ended by itself. @returns what it has reported */
  async messages(): Promise<unknown[]> {
    await this.#exited;
    return this.#messages;
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP'): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}
