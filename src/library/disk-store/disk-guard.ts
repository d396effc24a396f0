import type { Clock } from '../util/clock.ts';
import { DiskStoreError, toStoreError } from './errors.ts';

/**
 * Operations that may be overdue before others fail at once. Each of them blocks one of the four threads that
 * Node.js has for files; without threads left, the files of the whole process would hang.
 */
const MAX_OVERDUE = 2;

/** Limits the time of operations on the disk: a network disk can hang for minutes. */
export class DiskGuard {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #overdue = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs an operation.
   * @param action completes the sentence `the disk store cannot …`
   * @throws DiskStoreError with the code of the system, or `ERR_STORE_TIMEOUT`
   */
  async run<T>(action: string, operation: () => Promise<T>): Promise<T> {
    const message = `the disk store cannot ${action}: the disk did not respond within ${this.#timeoutMs} ms`;
    if (this.#overdue >= MAX_OVERDUE) throw new DiskStoreError('ERR_STORE_TIMEOUT', message);
    const { promise: deadline, reject } = Promise.withResolvers<never>();
    let late = false;
    const cancel = this.#clock.after(this.#timeoutMs, () => {
      late = true;
      this.#overdue += 1;
      reject(new DiskStoreError('ERR_STORE_TIMEOUT', message));
    });
    const running = operation();
    const settled = () => {
      if (late) this.#overdue -= 1;
    };
    running.then(settled, settled);
    try {
      return await Promise.race([running, deadline]);
    } catch (error) {
      throw toStoreError(error, action);
    } finally {
      cancel();
    }
  }
}
