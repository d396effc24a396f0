import { Worker } from 'node:worker_threads';
import type { Clock } from '../../library/cache/index.ts';
import type {
  WorkerMessage,
  WorkerMethod,
  WorkerMethods,
  WorkerRequest,
  WorkerSettings,
} from './protocol.ts';
import type { LogLine, StorageState } from './records.ts';

const MIN_RESTART_DELAY_MS = 500;
const MAX_RESTART_DELAY_MS = 30_000;

/**
 * The worker is not running, was lost or did not respond in time. The call may or may not have been executed.
 */
export class WorkerUnavailableError extends Error {
  override readonly name = 'WorkerUnavailableError';
}

interface PendingCall {
  resolve: (result: WorkerMethods[WorkerMethod]['result']) => void;
  reject: (error: Error) => void;
  cancelTimeout: () => void;
}

/** Options of a {@link WorkerThread}. */
export interface WorkerThreadOptions {
  settings: WorkerSettings;
  clock: Clock;
  /** Script that the worker runs. */
  script: URL;
  /** Called whenever a worker has been started. */
  onStart: () => void;
  /** Called when the worker reports a new state, and with null when it is lost. */
  onStorageChange: (storage: StorageState | null) => void;
  /** Called with messages for the operator. */
  onLog: (line: LogLine) => void;
}

/** Calls methods on a worker thread, with timeouts. Restarts a lost worker, with exponential backoff. */
export class WorkerThread {
  readonly #options: WorkerThreadOptions;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Worker | undefined;
  #lastId = 0;
  #restartDelayMs = MIN_RESTART_DELAY_MS;
  #cancelRestart: () => void = () => {};
  #stopped = false;

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
  }

  /** Starts a worker. Retries later if that fails. */
  start(): void {
    const { script, settings, onStart } = this.#options;
    let cause = 'it exited';
    try {
      // No execArgv: options of the process, such as a test runner's loader, must not apply to the worker.
      const worker = new Worker(script, { name: 'event-log', workerData: settings, execArgv: [] });
      this.#worker = worker;
      worker.on('message', (message: WorkerMessage) => this.#handleMessage(message));
      worker.on('error', (error) => {
        cause = error.message;
      });
      worker.on('exit', () => this.#handleExit(cause));
      onStart();
    } catch (error) {
      // The system cannot create a thread now.
      this.#handleExit((error as Error).message);
    }
  }

  /**
   * Calls a method of the worker.
   * @throws WorkerUnavailableError
   * @throws Error with the worker's message if the method throws
   */
  call<M extends WorkerMethod>(
    method: M,
    params: WorkerMethods[M]['params'],
    timeoutMs: number,
  ): Promise<WorkerMethods[M]['result']> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new WorkerUnavailableError('the event log worker is not running'));
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<WorkerMethods[WorkerMethod]['result']>();
    const cancelTimeout = this.#options.clock.after(timeoutMs, () => {
      this.#pending.delete(id);
      reject(new WorkerUnavailableError(`the event log worker did not respond within ${timeoutMs} ms`));
    });
    this.#pending.set(id, { resolve, reject, cancelTimeout });
    worker.postMessage({ id, method, params } satisfies WorkerRequest);
    return promise as Promise<WorkerMethods[M]['result']>;
  }

  /** Terminates the worker. A new one is started after a delay. */
  restart(): void {
    void this.#worker?.terminate();
  }

  /** Lets the worker finish and close its file, for at most `timeoutMs`, and terminates it. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancelRestart();
    // A worker that is lost or hangs cannot save anything.
    await this.call('close', null, timeoutMs).catch(() => {});
    await this.#worker?.terminate();
  }

  #handleMessage(message: WorkerMessage): void {
    if ('log' in message) this.#options.onLog(message.log);
    else if ('storage' in message) this.#options.onStorageChange(message.storage);
    else this.#settle(message);
  }

  #settle(response: Extract<WorkerMessage, { id: number }>): void {
    this.#restartDelayMs = MIN_RESTART_DELAY_MS;
    const pending = this.#pending.get(response.id);
    if (!pending) return;
    this.#pending.delete(response.id);
    pending.cancelTimeout();
    if ('error' in response) pending.reject(new Error(response.error));
    else pending.resolve(response.result);
  }

  #handleExit(cause: string): void {
    this.#worker = undefined;
    for (const { reject, cancelTimeout } of this.#pending.values()) {
      cancelTimeout();
      reject(new WorkerUnavailableError(`the event log worker was lost: ${cause}`));
    }
    this.#pending.clear();
    if (this.#stopped) return;
    this.#options.onStorageChange(null);
    this.#options.onLog({ level: 'warn', message: `event log: worker lost, restarting it: ${cause}` });
    this.#cancelRestart = this.#options.clock.after(this.#restartDelayMs, () => this.start());
    this.#restartDelayMs = Math.min(MAX_RESTART_DELAY_MS, this.#restartDelayMs * 2);
  }
}
