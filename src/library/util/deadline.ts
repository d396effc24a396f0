import type { Clock } from './clock.ts';

export interface Deadline {
  clock: Clock;
  timeoutMs: number;
  /** Who is asked, for the error of one who does not answer. */
  who: string;
  /** Ends the asking early, with its own reason. */
  outer?: AbortSignal;
}

/**
 * Gives `ask` a signal and a deadline. It is raced against both, because undici does not look at the signal
 * while it connects. Once this settles, whatever `ask` left unread is given up.
 * @throws what `ask` throws, the reason of `outer`, or an Error at the deadline
 */
export async function withinDeadline<T>(
  { clock, timeoutMs, who, outer }: Deadline,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const own = new AbortController();
  const overdue = new Error(`${who} did not answer within ${timeoutMs / 1000} s`);
  const cancelDeadline = clock.after(timeoutMs, () => own.abort(overdue));
  const signal = outer ? AbortSignal.any([outer, own.signal]) : own.signal;
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([ask(signal), aborted]);
  } finally {
    cancelDeadline();
    own.abort();
  }
}
