import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of this folder that runs beside a test, and answers each message with a report. */
export class Companion<Report> {
  readonly #process: ChildProcess;

  constructor(program: string, ...args: string[]) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.#process = fork(path, args, { execArgv: [] });
  }

  /** @throws Error where it has ended by itself. */
  async ask(): Promise<Report> {
    if (!this.#process.connected) throw new Error('the program beside the test has ended');
    const reply = once(this.#process, 'message') as Promise<[Report]>;
    this.#process.send('report');
    return (await reply)[0];
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}
