import type { Clock } from './clock.ts';

/** Options of {@link withinDeadline}. */
export interface Deadline {
  /** Source of time for `timeoutMs`. */
  clock: Clock;
  /** How long the operation may take, in milliseconds. */
  timeoutMs: number;
  /** Subject of the error message at the deadline: `<subject> did not answer within 3 s`. */
  subject: string;
  /** Aborts the operation before the deadline. */
  signal?: AbortSignal;
}

/**
 * Runs an operation with a deadline and a signal that aborts at the deadline, when `signal` aborts and when the
 * operation has settled. Work that the operation left unfinished, such as an unread response body, ends with it.
 *
 * The result is raced against the signal as well, because undici ignores a signal while it is connecting.
 * @throws the error of the operation, the reason of `signal`, or an Error at the deadline
 */
export async function withinDeadline<T>(
  { clock, timeoutMs, subject, signal: outer }: Deadline,
  operation: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const timeoutError = new Error(`${subject} did not answer within ${timeoutMs / 1000} s`);
  const cancelDeadline = clock.after(timeoutMs, () => controller.abort(timeoutError));
  const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal;
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([operation(signal), aborted]);
  } finally {
    cancelDeadline();
    controller.abort();
  }
}
