/** Time as the cache sees it. Inject your own to test without waiting. */
export interface Clock {
  /** Monotonic time in milliseconds. Only differences between two readings mean anything. */
  now(): number;
  /**
   * Calls `fire` once, `delayMs` milliseconds from now, without keeping the process alive.
   * @returns a function that cancels the call.
   */
  after(delayMs: number, fire: () => void): () => void;
}

/** setTimeout takes a signed 32-bit delay; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const TICK_MS = 1;
const READS_PER_TICK = 64;

/**
 * A monotonic clock that is read far more often than it moves. `performance.now()` costs more than the
 * whole of a cache hit, so a reading serves for one millisecond or 64 calls, whichever ends first: the
 * second bound keeps time moving inside a long synchronous stretch, where no timer can fire.
 */
export function createSystemClock(): Clock {
  let reading = 0;
  let readsLeft = 0;
  let ticking = false;
  const expire = () => {
    ticking = false;
    readsLeft = 0;
  };
  return {
    now() {
      if (readsLeft > 0) {
        readsLeft -= 1;
        return reading;
      }
      reading = performance.now();
      readsLeft = READS_PER_TICK;
      if (!ticking) {
        ticking = true;
        setTimeout(expire, TICK_MS).unref();
      }
      return reading;
    },
    after(delayMs, fire) {
      const due = performance.now() + delayMs;
      let timer: NodeJS.Timeout;
      const arm = () => {
        const left = due - performance.now();
        timer =
          left > MAX_TIMEOUT_MS
            ? setTimeout(arm, MAX_TIMEOUT_MS).unref()
            : setTimeout(fire, Math.max(0, left)).unref();
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}
