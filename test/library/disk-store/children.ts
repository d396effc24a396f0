import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Task } from './child.ts';

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url));

/** A process that uses a store. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it has reported. */
  readonly messages: string[] = [];
  #stderr = '';

  /** @param compileCache folder for the compiled program, which makes further starts faster */
  constructor(task: Task, compileCache?: string) {
    const env = { ...process.env, ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }) };
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    this.#process = fork(PROGRAM, [JSON.stringify(task)], { env, execArgv: [], stdio: [...stdio] });
    this.#exited = once(this.#process, 'exit');
    this.#process.on('message', (message: string) => this.messages.push(message));
    this.#process.stderr!.on('data', (data) => {
      this.#stderr += data;
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with its next message. @throws Error if it ends before */
  async message(): Promise<string> {
    const failed = this.#exited.then(() => {
      throw new Error(`the process has ended: ${this.#stderr}`);
    });
    const [message] = await Promise.race([once(this.#process, 'message'), failed]);
    return message;
  }

  /** Ends it at once and waits for that. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  suspend(): void {
    this.#process.kill('SIGSTOP');
  }

  /** Resolves when it has ended by itself. @returns its exit code */
  async exit(): Promise<number | null> {
    await this.#exited;
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
  }
}
