/** Source of time. Pass your own implementation to test without waiting. */
export interface Clock {
  /** Monotonic time in milliseconds. Only the difference between two readings is meaningful. */
  now(): number;
  /**
   * Calls `callback` once after `delayMs` milliseconds. The timer does not keep the process alive.
   * @returns a function that cancels the call
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** `setTimeout` takes a signed 32-bit delay: a longer one fires immediately. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const READING_LIFETIME_MS = 1;
const MAX_READS_PER_READING = 64;

/**
 * Creates a clock that reads `performance.now()`, which costs more than a whole cache hit. A reading is
 * therefore reused for 1 ms or 64 calls, whichever comes first. The limit on calls keeps time moving during
 * a long synchronous run, when no timer can fire.
 */
export function createSystemClock(): Clock {
  let reading = 0;
  let readsLeft = 0;
  let timerSet = false;
  const expireReading = () => {
    timerSet = false;
    readsLeft = 0;
  };
  return {
    now() {
      if (readsLeft > 0) {
        readsLeft -= 1;
        return reading;
      }
      reading = performance.now();
      readsLeft = MAX_READS_PER_READING;
      if (!timerSet) {
        timerSet = true;
        setTimeout(expireReading, READING_LIFETIME_MS).unref();
      }
      return reading;
    },
    after(delayMs, callback) {
      if (delayMs <= MAX_TIMEOUT_MS) {
        const timer = setTimeout(callback, Math.max(0, delayMs)).unref();
        return () => clearTimeout(timer);
      }
      const dueAt = performance.now() + delayMs;
      let timer: NodeJS.Timeout;
      const setTimer = () => {
        const remainingMs = dueAt - performance.now();
        timer =
          remainingMs > MAX_TIMEOUT_MS
            ? setTimeout(setTimer, MAX_TIMEOUT_MS).unref()
            : setTimeout(callback, Math.max(0, remainingMs)).unref();
      };
      setTimer();
      return () => clearTimeout(timer);
    },
  };
}
