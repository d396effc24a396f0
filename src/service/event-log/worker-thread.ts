import { Worker } from 'node:worker_threads';
import type { Clock } from '../../library/cache/index.ts';
import type { FromWorker, Question, Questions, ToWorker, WorkerSettings } from './protocol.ts';
import type { Keeping, Report } from './records.ts';

const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 30_000;

/** The worker is not there, or did not answer in time: what was asked may or may not have been done. */
export class WorkerAwayError extends Error {
  override readonly name = 'WorkerAwayError';
}

interface Waiting {
  resolve: (answer: Questions[Question]['answer']) => void;
  reject: (error: Error) => void;
  cancelDeadline: () => void;
}

export interface WorkerThreadOptions {
  settings: WorkerSettings;
  clock: Clock;
  /** The program of the worker. */
  program: URL;
  /** A worker has started, for the first time or again. */
  onStarted: () => void;
  onKeeping: (keeping: Keeping | null) => void;
  report: (report: Report) => void;
}

/** The thread that SQLite works in: questions with deadlines, and a restart when it is lost. */
export class WorkerThread {
  readonly #options: WorkerThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #restartMs = FIRST_RESTART_MS;
  #cancelRestart: () => void = () => {};
  #stopped = false;

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
  }

  start(): void {
    const { program, settings, onStarted } = this.#options;
    let cause = 'it ended';
    try {
      // Flags of the process, a test runner's loader among them, are not for this program.
      const worker = new Worker(program, { name: 'history', workerData: settings, execArgv: [] });
      this.#worker = worker;
      worker.on('message', (message: FromWorker) => this.#hear(message));
      worker.on('error', (error) => {
        cause = error.message;
      });
      worker.on('exit', () => this.#lost(cause));
      onStarted();
    } catch (error) {
      // No thread can be had now.
      this.#lost((error as Error).message);
    }
  }

  /** @throws WorkerAwayError, or an Error with what the worker says went wrong. */
  ask<Q extends Question>(
    question: Q,
    ask: Questions[Q]['ask'],
    deadlineMs: number,
  ): Promise<Questions[Q]['answer']> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new WorkerAwayError('The worker of the history is not there'));
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Questions[Question]['answer']>();
    const cancelDeadline = this.#options.clock.after(deadlineMs, () => {
      this.#waiting.delete(id);
      reject(new WorkerAwayError(`The worker of the history did not answer within ${deadlineMs} ms`));
    });
    this.#waiting.set(id, { resolve, reject, cancelDeadline });
    worker.postMessage({ id, question, ask } satisfies ToWorker);
    return promise as Promise<Questions[Q]['answer']>;
  }

  /** Ends a worker that does not answer; another one takes its place. */
  restart(): void {
    void this.#worker?.terminate();
  }

  /** Lets the worker finish and close its file, for as long as `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancelRestart();
    // A worker that is away, or hangs, has nothing that could still be saved.
    await this.ask('close', null, deadlineMs).catch(() => {});
    await this.#worker?.terminate();
  }

  #hear(message: FromWorker): void {
    if ('report' in message) this.#options.report(message.report);
    else if ('keeping' in message) this.#options.onKeeping(message.keeping);
    else this.#settle(message);
  }

  #settle(message: Extract<FromWorker, { id: number }>): void {
    this.#restartMs = FIRST_RESTART_MS;
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    waiting.cancelDeadline();
    if ('fault' in message) waiting.reject(new Error(message.fault));
    else waiting.resolve(message.answer);
  }

  #lost(cause: string): void {
    this.#worker = undefined;
    for (const { reject, cancelDeadline } of this.#waiting.values()) {
      cancelDeadline();
      reject(new WorkerAwayError(`The worker of the history was lost: ${cause}`));
    }
    this.#waiting.clear();
    if (this.#stopped) return;
    this.#options.onKeeping(null);
    this.#options.report({ level: 'warn', message: `The worker of the history was lost: ${cause}` });
    this.#cancelRestart = this.#options.clock.after(this.#restartMs, () => this.start());
    this.#restartMs = Math.min(LAST_RESTART_MS, this.#restartMs * 2);
  }
}
