import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of this folder in a child process, which responds to each message with a report. */
export class ChildProgram<Report> {
  readonly #process: ChildProcess;

  /** @param program file name, relative to this folder */
  constructor(program: string, ...args: string[]) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.#process = fork(path, args, { execArgv: [] });
  }

  /** Requests a report. @throws Error if the process has ended */
  async report(): Promise<Report> {
    if (!this.#process.connected) throw new Error('the child process has ended');
    const response = once(this.#process, 'message') as Promise<[Report]>;
    this.#process.send('report');
    return (await response)[0];
  }

  /** Ends the process. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}
